import json
import os
import uuid

import boto3
from clinic.http import reply
from clinic.tables import appointments

sqs = boto3.client("sqs")


def handler(event, context):
    body = json.loads(event["body"])
    item = {"id": str(uuid.uuid4()), "patient": body["patient"], "slot": body["slot"]}
    appointments().put_item(Item=item, ConditionExpression="attribute_not_exists(id)")
    sqs.send_message(QueueUrl=os.environ["REMINDER_QUEUE_URL"], MessageBody=json.dumps(item))
    return reply(201, item)
