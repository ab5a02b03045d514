import json
import os
import shlex
import subprocess


def handler(event, context):
    for record in event["Records"]:
        wanted = json.loads(record["body"])["wanted"]
        os.system("grep " + wanted + " /var/list")
        subprocess.check_output(f"grep {shlex.quote(wanted)} /var/list", shell=True)
        with open("/var/data/" + wanted) as found:
            print(found.readline())
        with open(os.path.join("/var/data", os.path.basename(wanted))) as found:
            print(found.readline())
