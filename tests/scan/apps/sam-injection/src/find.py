import json
import pickle
import base64
import subprocess
import pymysql

connection = pymysql.connect(host="db", read_timeout=5)


def handler(event, context):
    wanted = event["queryStringParameters"]["name"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM products WHERE name = '" + wanted + "'")
        cursor.execute("SELECT * FROM products WHERE name = %s", (wanted,))
        rows = cursor.fetchall()
    state = pickle.loads(base64.b64decode(event["headers"]["x-state"]))
    subprocess.run(["grep", wanted, "/var/products.txt"])
    limit = eval(event["queryStringParameters"]["limit"])
    return {"statusCode": 200, "body": json.dumps([rows[:limit], len(state)])}
