import io
import urllib.parse

from PIL import Image

from lambdas.shared.store import originals, thumbs


def handler(event, context):
    for record in event["Records"]:
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        image = Image.open(io.BytesIO(originals.read(key)))
        image.thumbnail((128, 128))
        out = io.BytesIO()
        image.save(out, "JPEG")
        thumbs.write(key, out.getvalue())
