"""Judges recorded answers by GitHub's OpenAPI description.

usage: openapi.py DESCRIPTION RECORDS

DESCRIPTION is `api.github.com.json` of the npm package `@octokit/openapi`. RECORDS has a JSON object a line: `method`,
`path`, `status`, `type` and `body`. Each violation is a line on stdout; the last line says what was judged.
"""

import datetime
import json
import re
import sys
import urllib.parse

import jsonschema

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_date_time(text):
    return not isinstance(text, str) or datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None


@formats.checks("uri", raises=ValueError)
def is_uri(text):
    return not isinstance(text, str) or bool(urllib.parse.urlsplit(text).scheme)


def as_json_schema(value):
    """OpenAPI 3.0 has `nullable` where JSON Schema has the type `null`."""
    if isinstance(value, list):
        return [as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    schema = {key: as_json_schema(one) for key, one in value.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, schema]} if value.get("nullable") is True else schema


with open(sys.argv[1], encoding="utf8") as file:
    description = json.load(file)
components = as_json_schema(description["components"])


def pattern(path):
    """Only a ref, a tag, a path or a range may hold a slash."""
    parts = re.split(r"\{([^}]*)\}", path)
    parts[0::2] = map(re.escape, parts[0::2])
    parts[1::2] = (".*" if name in ("ref", "tag", "path", "basehead") else "[^/]+" for name in parts[1::2])
    return re.compile("".join(parts))


# Those with the fewest parameters come first.
routes = [(path, pattern(path)) for path in sorted(description["paths"], key=lambda path: (path.count("{"), -len(path)))]
judged, seen = 0, set()
with open(sys.argv[2], encoding="utf8") as file:
    records = [json.loads(line) for line in file]


def resolved(value):
    while "$ref" in value:
        target = description
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def violations(record):
    method, status = record["method"].lower().replace("head", "get"), record["status"]
    route = next((path for path, regex in routes if regex.fullmatch(record["path"]) and method in description["paths"][path]),
                 None)
    if route is None:
        # GitHub answers any other path so.
        if status != 404:
            yield "the route is not described"
        return
    seen.add((method, route))
    responses = description["paths"][route][method]["responses"]
    if str(status) not in responses and status < 400:
        yield "the status is not described"
        return
    content = resolved(responses.get(str(status), {})).get("content", {})
    if status >= 400 and "application/json" not in content:
        # Errors of any route, such as wrong credentials, are described once.
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/basic-error"}}}
    if record["method"] == "HEAD" or not content:
        if record["body"] and status != 302:
            yield "the body is not described"
        return
    if not record["type"].startswith("application/json"):
        if record["type"].split(";")[0] not in content:
            yield f"the media type {record['type']} is not described"
        return
    schema = as_json_schema(content["application/json"]["schema"])
    validator = jsonschema.Draft202012Validator({**schema, "components": components}, format_checker=formats)
    for error in validator.iter_errors(json.loads(record["body"])):
        # The message begins with the whole value and ends with what is wrong with it.
        yield f"{error.json_path}: {error.message[-300:]}"


for record in records:
    judged += 1
    for violation in violations(record):
        print(f"{record['method']} {record['path']} {record['status']}: {violation}")
print(f"{judged} answers of {len(seen)} routes")
