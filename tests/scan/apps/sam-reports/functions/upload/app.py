import base64
import json
import os
import uuid

import boto3
from aws_lambda_powertools import Logger

logger = Logger()
session = boto3.session.Session()
s3 = session.client("s3")
sfn = session.client("stepfunctions")


@logger.inject_lambda_context
def lambda_handler(event, context):
    key = f"in/{uuid.uuid4()}.csv"
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=base64.b64decode(event["body"]))
    run = sfn.start_execution(stateMachineArn=os.environ["MACHINE"], input=json.dumps({"key": key}))
    return {"statusCode": 202, "body": json.dumps({"run": run["executionArn"]})}
