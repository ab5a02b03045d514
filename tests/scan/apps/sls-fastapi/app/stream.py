import json

import boto3

events = boto3.client("events")


def handler(event, context):
    entries = [
        {"Source": "inventory", "DetailType": "LowStock", "Detail": json.dumps({"sku": r["dynamodb"]["Keys"]["sku"]["S"]})}
        for r in event["Records"]
        if r["eventName"] != "REMOVE" and int(r["dynamodb"]["NewImage"]["count"]["N"]) < 5
    ]
    for i in range(0, len(entries), 10):
        events.put_events(Entries=entries[i : i + 10])
