"""How the action and the facts of an entry are written on a page."""

import json
from collections.abc import Iterator

from server.audit.views import actions, names
from server.audit.views.blueprints import pages
from server.kit import i18n


@pages.app_template_filter("audit_action")
def action(code: str) -> str:
    """Return an action in words; its code where it has none."""
    return actions.said(i18n.language(), code)


@pages.app_template_filter("audit_thing")
def thing(kind: str) -> str:
    """Return a kind of thing in words."""
    return names.thing(kind)


@pages.app_template_filter("audit_door")
def door(name: str) -> str:
    """Return a door in words."""
    return names.door(name)


@pages.app_template_filter("audit_facts")
def facts(text: str) -> list[tuple[str, str]]:
    """Return an entry's facts as (name, words); lists and objects on one line."""
    return list(_pairs(json.loads(text)))


def _pairs(found: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        yield names.fact(name), written(value)


def written(value: object) -> str:
    """Return one fact in words; a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return ", ".join(written(item) for item in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{names.fact(name)} {written(item)}" for name, item in value.items())
    return str(value)
