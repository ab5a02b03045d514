import os
import boto3

_dynamodb = boto3.resource("dynamodb")


def appointments():
    return _dynamodb.Table(os.environ["APPOINTMENTS_TABLE"])
