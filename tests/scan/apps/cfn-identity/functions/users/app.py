import json
import os
import boto3

idp = boto3.client("cognito-idp")
pool = os.environ["POOL"]


def handler(event, context):
    name = event["queryStringParameters"]["name"]
    user = idp.admin_get_user(UserPoolId=pool, Username=name)
    return {"statusCode": 200, "body": json.dumps({a["Name"]: a["Value"] for a in user["UserAttributes"]})}
