import os
from functools import cached_property

import boto3


class Orders:
    @cached_property
    def table(self):
        return boto3.resource("dynamodb").Table(os.environ["TABLE"])

    def get(self, id: str) -> dict | None:
        return self.table.get_item(Key={"id": id}).get("Item")

    def put(self, order: dict) -> None:
        self.table.put_item(Item=order)
