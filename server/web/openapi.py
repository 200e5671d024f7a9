"""/api/v1/openapi.json: made from the routes, their descriptions and their structs."""

import re
from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from server.kit import answers, csrf, idempotency
from server.kit.api import Description
from server.kit.door import PUBLIC, require
from server.kit.problem import MEDIA_TYPE

blueprint = Blueprint("openapi", __name__)
VERSION = "3.1.0"
REF = "#/components/schemas/{name}"
CONVERTED = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
Schemas = dict[Any, Any]
KINDS = {"int": {"type": "integer", "minimum": 0}}


class Problem(msgspec.Struct):
    """RFC 9457: what was refused, and why in a sentence."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    number: str | msgspec.UnsetType = msgspec.UNSET


def install(app: Flask, prefix: str) -> None:
    """Serve the description of all routes under the prefix."""
    app.config["API_PREFIX"] = prefix
    app.register_blueprint(blueprint, url_prefix=prefix)


@blueprint.get("/openapi.json")
@require(PUBLIC)
def document() -> Response:
    """Describe the API in OpenAPI 3.1."""
    return answers.json(build(current_app))


@cache
def build(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of this app."""
    rules = [rule for rule in app.url_map.iter_rules() if description_of(app, rule)]
    structs = [kind for rule in rules for kind in _structs(app, rule)] + [Problem]
    structs = list(dict.fromkeys(structs))
    schemas, components = msgspec.json.schema_components(structs, ref_template=REF)
    schema_of = dict(zip(structs, schemas, strict=True))  # two features may name a struct alike
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(rules, key=lambda rule: rule.rule):
        path = CONVERTED.sub(r"{\2}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(app, rule, method, schema_of)
    return {
        "openapi": VERSION,
        "info": {"title": "Cryokeep", "version": "1", "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "csrf": {"type": "apiKey", "in": "header", "name": csrf.HEADER},
            },
        },
        "security": [{"token": []}],
    }


def description_of(app: Flask, rule: Rule) -> Description | None:
    """Return what a view says of itself, or None where it is not described."""
    return getattr(app.view_functions[rule.endpoint], "description", None)


def _structs(app: Flask, rule: Rule) -> list[Any]:
    said = description_of(app, rule)
    return (
        [kind for kind in (said.body, *said.answers.values()) if kind is not None] if said else []
    )


def _operation(app: Flask, rule: Rule, method: str, schema_of: Schemas) -> dict[str, Any]:
    said = description_of(app, rule) or Description("")
    permission = getattr(app.view_functions[rule.endpoint], "permission", "")
    operation: dict[str, Any] = {
        "summary": said.summary,
        "operationId": f"{rule.endpoint.replace('.', '_')}_{method.lower()}",
        "tags": [rule.endpoint.partition(".")[0].removesuffix("_api")],
        "x-permission": permission,
        "parameters": _parameters(rule, said, method),
        "responses": _responses(said, schema_of),
    }
    if said.body is not None:
        content = {answers.JSON: {"schema": schema_of[said.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    if permission == PUBLIC:
        operation["security"] = []
    return operation


def _parameters(rule: Rule, said: Description, method: str) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": KINDS.get(kind, {"type": "string"}),
        }
        for kind, name in CONVERTED.findall(rule.rule)
    ]
    query = dict(said.query)
    if said.listed:
        query |= {
            "cursor": "The value of “next” of the page before.",
            "limit": "How many at most (1 to 500).",
        }
    found += [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": words,
            "schema": {"type": "string"},
        }
        for name, words in query.items()
    ]
    if method == "POST":
        found.append(
            {
                "name": idempotency.HEADER,
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
            }
        )
    return found


def _responses(said: Description, schema_of: Schemas) -> dict[str, Any]:
    told = {str(status): _answer(kind, schema_of) for status, kind in said.answers.items()}
    refused = {
        "description": "Refused, with a sentence.",
        "content": {MEDIA_TYPE: {"schema": schema_of[Problem]}},
    }
    return {**told, "4XX": refused, "5XX": refused}


def _answer(kind: Any, schema_of: Schemas) -> dict[str, Any]:  # noqa: ANN401  a struct or none
    if kind is None:
        return {"description": "Done."}
    return {"description": "The answer.", "content": {answers.JSON: {"schema": schema_of[kind]}}}
