import boto3

iam = boto3.client("iam")


def lambda_handler(event, context):
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            if user["UserName"].startswith("report-"):
                iam.create_access_key(UserName=user["UserName"])
