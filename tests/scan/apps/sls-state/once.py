import boto3

client = None


def handler(event, context):
    global client
    if client is None:
        client = boto3.client("sts")
    return {"statusCode": 200, "body": client.get_caller_identity()["Account"]}
