import base64
import hashlib
import hmac
import json
import os

from clinic.http import reply
from clinic.tables import appointments


def handler(event, context):
    raw = event["body"]
    if event.get("isBase64Encoded"):
        raw = base64.b64decode(raw).decode()
    expected = hmac.new(os.environ["HOOK_SECRET"].encode(), raw.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, event["headers"].get("x-signature", "")):
        return reply(401, {})
    status = json.loads(raw)
    appointments().update_item(
        Key={"id": status["reference"]},
        UpdateExpression="SET sms = :s",
        ExpressionAttributeValues={":s": status["state"]},
    )
    return reply(204, {})
