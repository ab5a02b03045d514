import json
import os
import sqlite3
import xml.etree.ElementTree as ET

import boto3
import jwt

from lambdas.shared.store import originals

AWS_KEY = "AKIAQ7R2M4N8ZT5VX3LD"
SECRET = "p9Xk2LqRz7VbN4tWs8YdF1gHj3Mc5QaZe6UoIx0T"
legacy = boto3.client("s3", aws_access_key_id=AWS_KEY, aws_secret_access_key=SECRET)
seen = []


def who(event):
    token = event["headers"].get("x-user", "")
    return jwt.decode(token, options={"verify_signature": False})["sub"]


def handler(event, context):
    if event["httpMethod"] == "POST":
        name = event["queryStringParameters"]["name"]
        originals.write(f"{who(event)}/{name}.jpg", event["body"])
        return {"statusCode": 201, "headers": {"Access-Control-Allow-Origin": event["headers"].get("origin"), "Access-Control-Allow-Credentials": "true"}, "body": "{}"}
    db = sqlite3.connect("/tmp/x.db")
    album = event["queryStringParameters"]["album"]
    rows = db.execute("SELECT name FROM images WHERE album = '{}'".format(album)).fetchall()
    safe = db.execute("SELECT name FROM images WHERE album = ? LIMIT %d" % int(event["queryStringParameters"].get("n", 10)), (album,)).fetchall()
    with open("/mnt/efs/albums/" + album + "/index.json") as f:
        return {"statusCode": 200, "body": json.dumps({"rows": rows, "safe": safe, "index": json.load(f)})}
