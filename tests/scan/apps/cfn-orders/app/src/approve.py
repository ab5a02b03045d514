import hmac
import json
import os
import tarfile
import boto3
import jsonpickle

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS"])


def handler(event, context):
    if not hmac.compare_digest(event["headers"].get("x-admin", ""), os.environ["ADMIN_TOKEN"]):
        return {"statusCode": 403}
    order = jsonpickle.decode(event["body"])
    try:
        orders.put_item(Item=order)
    except Exception as e:
        return {"statusCode": 500, "body": json.dumps({"error": repr(e), "key": "internal"})}
    with open("/tmp/" + event["queryStringParameters"]["file"], "w") as f:
        f.write(json.dumps(order))
    return {"statusCode": 200}
