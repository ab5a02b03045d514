"""Expands SAM templates with AWS's own translator and writes what it made, one file for each app."""

import json
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class Policies:
    """Managed policies by name: the translator asks for their ARNs."""

    def load(self):
        names = ["AdministratorAccess", "AmazonDynamoDBFullAccess", "AmazonS3ReadOnlyAccess"]
        return {name: "arn:aws:iam::aws:policy/" + name for name in names}


def packed(template):
    """The translator wants code that was uploaded; where it lies does not matter here."""
    functions = [template.get("Globals", {}).get("Function", {})]
    for resource in template["Resources"].values():
        functions.append(resource.get("Properties") or {})
    for properties in functions:
        if isinstance(properties.get("CodeUri"), str):
            properties["CodeUri"] = "s3://packed/code.zip"
    return template


def defaults(template):
    parameters = template.get("Parameters", {})
    return {name: parameter.get("Default", "given") for name, parameter in parameters.items()}


def main(apps, out):
    scan = pathlib.Path(apps)
    for path in sorted([*scan.glob("apps/*/template.yaml"), *scan.glob("sam/*.yaml")]):
        template = yaml_parse(path.read_text())
        if "Transform" not in template:
            continue
        expanded = transform(packed(template), defaults(template), Policies())
        text = json.dumps(expanded, indent=1, sort_keys=True, default=str)
        name = path.parent.name if path.name == "template.yaml" else path.stem
        (pathlib.Path(out) / (name + ".json")).write_text(text + "\n")


main(sys.argv[1], sys.argv[2])
