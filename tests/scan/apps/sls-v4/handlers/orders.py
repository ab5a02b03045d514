import json
import re
import subprocess
from pathlib import Path

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from lib.store import Orders

app = APIGatewayRestResolver()
orders = Orders()
ROOT = Path("/var/task/templates")


@app.post("/orders")
def create():
    body = app.current_event.json_body
    if not re.fullmatch(r"[a-z0-9-]{1,40}", body["id"]):
        return {"error": "bad id"}, 400
    orders.put({"id": body["id"], "items": body["items"]})
    subprocess.run(["/opt/bin/label", body["id"]], check=True)
    return {"id": body["id"]}


@app.get("/orders/<id>")
def read(id: str):
    target = (ROOT / id).resolve()
    if not target.is_relative_to(ROOT):
        return {"error": "no"}, 400
    return {"order": orders.get(id), "template": target.read_text() if target.exists() else None}


def handler(event, context):
    return app.resolve(event, context)
