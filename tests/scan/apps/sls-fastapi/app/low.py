import json
import os

import boto3

sqs = boto3.resource("sqs")
queue = sqs.Queue(os.environ["QUEUE_URL"])


def handler(event, context):
    queue.send_message(MessageBody=json.dumps(event["detail"]))
