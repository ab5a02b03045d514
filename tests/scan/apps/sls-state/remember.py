user = None


def handler(event, context):
    global user
    user = event["requestContext"]["authorizer"]["claims"]["sub"]
    return {"statusCode": 200, "body": user}
