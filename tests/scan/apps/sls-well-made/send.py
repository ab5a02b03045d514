import boto3

mail = boto3.client("ses")


def handler(event, context):
    for record in event["Records"]:
        mail.send_email(
            Source="bills@example.com",
            Destination={"ToAddresses": ["clerk@example.com"]},
            Message={"Subject": {"Data": "a bill"}, "Body": {"Text": {"Data": record["body"]}}},
        )
