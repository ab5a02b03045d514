import os
from email.message import EmailMessage

import boto3

ses = boto3.client("ses")
dynamodb = boto3.client("dynamodb")


def recipients():
    paginator = dynamodb.get_paginator("scan")
    for page in paginator.paginate(TableName=os.environ["TABLE"]):
        yield from (i["id"]["S"] for i in page["Items"])


def lambda_handler(event, context):
    for to in recipients():
        m = EmailMessage()
        m["To"], m["From"] = to, os.environ["SENDER"]
        m.set_content("Your report: " + event["key"])
        ses.send_raw_email(RawMessage={"Data": m.as_bytes()})
