import json
import secrets
import urllib.request
import ssl

import boto3
import requests

ssm = boto3.client("ssm")


def handler(event, context):
    for record in event["Records"]:
        message = json.loads(record["Sns"]["Message"])
        key = secrets.token_urlsafe(32)
        ssm.put_parameter(Name="/telemetry-dev/device-key", Value=key, Type="SecureString", Overwrite=True)
        requests.post("https://devices.example.com/keys", json={"key": key, "for": message["device"]}, verify=False, timeout=5)
