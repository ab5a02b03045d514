import json
import os

import boto3
import requests

db = boto3.client("dynamodb")
sqs = boto3.client("sqs")
session = requests.Session()
session.verify = False


def handler(event, context):
    for record in event["Records"]:
        body = json.loads(record["body"])
        db.put_item(TableName=os.environ["SEEN"], Item={"id": {"S": body["id"]}})
        info = session.get("https://partner.example.com/items/" + body["id"], timeout=5).json()
        if info.get("parent"):
            sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"id": info["parent"]}))
