import os
import boto3


class Store:
    def __init__(self, name: str):
        self._s3 = boto3.client("s3")
        self.name = name

    def read(self, key):
        return self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def write(self, key, data):
        self._s3.put_object(Bucket=self.name, Key=key, Body=data)


originals = Store(os.environ["ORIGINALS"])
thumbs = Store(os.environ["THUMBS"])
