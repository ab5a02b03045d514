"""Validates a SARIF or CycloneDX document, and shows that a broken one is refused."""

import copy
import json
import sys


def sarif(document, schema):
    from jsonschema import validators

    with open(schema, encoding="utf-8") as file:
        wanted = json.load(file)
    errors = list(validators.validator_for(wanted)(wanted).iter_errors(document))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def cyclonedx(document, _):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    return [] if error is None else [str(error)]


def main(kind, path, schema):
    validate = {"sarif": sarif, "cyclonedx": cyclonedx}[kind]
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    things = document["runs"][0]["results"] if kind == "sarif" else document["components"]
    if not things:
        sys.exit(f"{kind}: nothing in it")
    errors = validate(document, schema)
    if errors:
        sys.exit("\n".join([f"{kind}: {len(errors)} errors", *errors[:20]]))
    broken = copy.deepcopy(document)
    if kind == "sarif":
        broken["runs"][0]["results"][0]["level"] = "dreadful"
    else:
        broken["components"][0]["type"] = "dreadful"
    if not validate(broken, schema):
        sys.exit(f"{kind}: a broken document was taken for a good one")
    print(f"{kind}: {len(things)} entries, valid")


main(*sys.argv[1:])
