import boto3

cloudwatch = boto3.client("cloudwatch")
ec2 = boto3.client("ec2")


def handler(event, context):
    pages = ec2.get_paginator("describe_instances").paginate()
    running = sum(len(r["Instances"]) for p in pages for r in p["Reservations"])
    cloudwatch.put_metric_data(Namespace="Telemetry", MetricData=[{"MetricName": "running", "Value": running}])
    rule = eval("lambda n: n > 10")
    return {"alert": rule(running)}
