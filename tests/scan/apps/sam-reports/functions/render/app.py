import os
import tempfile

import boto3
import yaml

bucket = boto3.resource("s3").Bucket(os.getenv("BUCKET"))


def lambda_handler(event, context):
    source = bucket.Object(event["key"]).get()["Body"].read()
    layout = yaml.load(source, Loader=yaml.SafeLoader)
    with tempfile.NamedTemporaryFile("w", suffix=".html") as out:
        out.write("<h1>%s</h1>" % layout["title"])
        out.flush()
        bucket.upload_file(out.name, event["key"].replace("in/", "out/"))
    return {"key": event["key"]}
