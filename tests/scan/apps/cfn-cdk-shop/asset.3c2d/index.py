import io
import urllib.parse
import boto3
from PIL import Image

s3 = boto3.client("s3")


def handler(event, _context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        image = Image.open(io.BytesIO(body))
        image.thumbnail((200, 200))
        out = io.BytesIO()
        image.save(out, "PNG")
        s3.put_object(Bucket=bucket, Key=f"thumbs/{key}", Body=out.getvalue())
