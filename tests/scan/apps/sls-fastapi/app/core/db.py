import functools
import os

import boto3


@functools.lru_cache(maxsize=1)
def table():
    return boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE"])


@functools.lru_cache(maxsize=1)
def db_password() -> str:
    ssm = boto3.client("ssm")
    return ssm.get_parameter(Name=os.environ["PARAM_DB"], WithDecryption=True)["Parameter"]["Value"]
