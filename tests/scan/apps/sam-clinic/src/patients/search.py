import os

import boto3
from clinic.http import reply

rds = boto3.client("rds-data")


def handler(event, context):
    params = event.get("queryStringParameters") or {}
    name = params.get("name", "")
    result = rds.execute_statement(
        resourceArn=os.environ["CLUSTER_ARN"],
        secretArn=os.environ["SECRET_ARN"],
        database="patients",
        sql=f"SELECT id, name, born FROM patients WHERE name LIKE '{name}%'",
    )
    return reply(200, result["records"])
