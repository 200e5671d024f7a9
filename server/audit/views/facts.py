"""How the action and the facts of an entry are written on a page."""

import json
from collections.abc import Iterator

from server.audit.views import actions
from server.audit.views.blueprints import pages
from server.kit import i18n


@pages.app_template_filter("audit_action")
def action(code: str) -> str:
    """Return an action in words; its code where it has none."""
    return actions.said(i18n.language(), code)


@pages.app_template_filter("audit_facts")
def facts(text: str) -> list[tuple[str, str]]:
    """Return an entry's facts as (name, words); lists and objects on one line."""
    return list(_pairs(json.loads(text)))


def _pairs(found: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        yield name.replace("_", " "), _written(value)


def _written(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return ", ".join(_written(item) for item in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_written(item)}" for name, item in value.items())
    return str(value)
