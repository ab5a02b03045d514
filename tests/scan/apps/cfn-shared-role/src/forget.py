import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["CUSTOMERS"])


def handler(event, context):
    table.delete_item(Key={"id": event["detail"]["id"]})
