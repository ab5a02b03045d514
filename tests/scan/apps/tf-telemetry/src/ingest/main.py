import base64
import os
import pickle
import subprocess

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def decode(event):
    raw = base64.b64decode(event["body"])
    return pickle.loads(raw)


def handler(event, context):
    reading = decode(event)
    table.put_item(Item=reading)
    device = event["headers"]["x-device"]
    out = subprocess.check_output(f"geoiplookup {device}", shell=True)
    return {"statusCode": 200, "body": out.decode()}
