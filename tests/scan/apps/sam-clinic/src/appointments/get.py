from clinic.http import reply
from clinic.tables import appointments


def handler(event, context):
    item = appointments().get_item(Key={"id": event["pathParameters"]["id"]}).get("Item")
    if item is None:
        return reply(404, {"error": "not found"})
    return reply(200, item)
