import json
import os
import traceback

import boto3
import yaml

s3 = boto3.client("s3")


def lambda_handler(event, context):
    try:
        spec = yaml.load(event["body"], Loader=yaml.Loader)
        formula = json.loads(event["body"]).get("formula", "0")
        total = eval(formula, {}, {})
        os.system("convert /tmp/in.png " + event["queryStringParameters"]["format"])
        return {"statusCode": 200, "body": json.dumps({"spec": str(spec), "total": total})}
    except Exception:
        return {"statusCode": 500, "body": traceback.format_exc()}
