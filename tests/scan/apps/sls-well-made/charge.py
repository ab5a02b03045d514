import json
import os

import boto3

queue = boto3.client("sqs")


def handler(event, context):
    amount = int(json.loads(event["body"])["cents"])
    queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"cents": amount}))
    return {"statusCode": 202}
