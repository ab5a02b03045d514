import os

import boto3
from clinic.http import reply

rds = boto3.client("rds-data")
s3 = boto3.client("s3")
COLUMNS = ("id", "name", "born")


def handler(event, context):
    patient = event["pathParameters"]["id"]
    result = rds.execute_statement(
        resourceArn=os.environ["CLUSTER_ARN"],
        secretArn=os.environ["SECRET_ARN"],
        database="patients",
        sql=f"SELECT {', '.join(COLUMNS)} FROM patients WHERE id = :id",
        parameters=[{"name": "id", "value": {"stringValue": patient}}],
    )
    if not result["records"]:
        return reply(404, {})
    url = s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": os.environ["DOCUMENTS_BUCKET"], "Key": f"letters/{int(patient)}.pdf"},
        ExpiresIn=300,
    )
    return reply(200, {"patient": result["records"][0], "letter": url})
