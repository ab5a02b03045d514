import json

import boto3
import psycopg2

secrets = boto3.client("secretsmanager")


def connect():
    value = json.loads(secrets.get_secret_value(SecretId="telemetry/warehouse")["SecretString"])
    return psycopg2.connect(**value, sslmode="require")


def handler(event, context):
    with connect() as conn, conn.cursor() as cur:
        cur.execute("SELECT at, value FROM readings WHERE device = %s ORDER BY at DESC LIMIT 100", (event["device"],))
        rows = cur.fetchall()
        cur.execute("SELECT count(*) FROM readings WHERE site = '%s'" % event["site"])
        return {"rows": rows, "count": cur.fetchone()[0]}
