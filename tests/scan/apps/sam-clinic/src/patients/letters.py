import os
import subprocess

from clinic.http import reply

TEMPLATES = "/opt/letters"


def handler(event, context):
    name = event["pathParameters"]["name"]
    if event["rawPath"].endswith("/pdf"):
        safe = os.path.basename(name)
        pdf = subprocess.run(["/opt/bin/topdf", "--", os.path.join(TEMPLATES, safe)], capture_output=True, check=True)
        return reply(200, {"size": len(pdf.stdout)})
    with open(os.path.join(TEMPLATES, name)) as f:
        return reply(200, {"letter": f.read()})
