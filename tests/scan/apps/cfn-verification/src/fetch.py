import jwt
import requests


def handler(event, context):
    claims = jwt.decode(event["token"], options={"verify_signature": False})
    good = jwt.decode(event["token"], "key", algorithms=["HS256"])
    page = requests.get("https://example.com", verify=False, timeout=5)
    fine = requests.get("https://example.com", timeout=5)
    return [claims["sub"], good["sub"], page.status_code, fine.status_code]
