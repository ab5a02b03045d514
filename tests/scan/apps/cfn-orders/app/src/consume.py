import base64
import json
import os
from datetime import datetime, timezone

import boto3

dynamodb = boto3.resource("dynamodb")
orders = dynamodb.Table(os.environ.get("ORDERS", "orders"))
events = boto3.client("events")


def handler(event, context):
    for record in event["Records"]:
        data = json.loads(base64.b64decode(record["kinesis"]["data"]))
        order = orders.get_item(Key={"id": data["id"]})["Item"]
        orders.update_item(Key={"id": order["id"]}, UpdateExpression="SET seen = :s", ExpressionAttributeValues={":s": datetime.now(timezone.utc).isoformat()})
        events.put_events(Entries=[{"EventBusName": os.environ["BUS"], "Source": "orders", "DetailType": "seen", "Detail": json.dumps({"id": order["id"]})}])
