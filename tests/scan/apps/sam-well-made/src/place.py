import json
import os
import uuid

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    if event["path"] == "/health":
        return {"statusCode": 200, "body": "well"}
    order = json.loads(event["body"])
    item = {"id": str(uuid.uuid4()), "quantity": int(order["quantity"])}
    table.put_item(Item=item)
    return {"statusCode": 201, "body": json.dumps({"id": item["id"]})}
