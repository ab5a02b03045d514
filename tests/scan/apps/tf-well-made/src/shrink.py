import os

import boto3

s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        key = record["s3"]["object"]["key"]
        body = s3.get_object(Bucket=os.environ["IMAGES"], Key=key)["Body"].read()
        s3.put_object(Bucket=os.environ["SMALL"], Key=key, Body=body[:1000])
