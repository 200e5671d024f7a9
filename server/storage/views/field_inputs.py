"""Custom fields on a form: one input for each, named after its code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from werkzeug.datastructures import MultiDict

from server.core.errors import AllRefused, Conflict, CryokeepError, Refusal
from server.kit import etag
from server.kit.forms import errors_of
from server.kit.i18n import gettext
from server.storage.models import FieldDefinition
from server.storage.queries.fields import Shown, choices_of, definition_of, definitions
from server.storage.rules.fields import NO, YES, bounds

PREFIX = "field."


@dataclass(frozen=True)
class Input:
    """What a template needs of one field."""

    name: str
    label: str
    kind: str
    unit: str
    hint: str
    choices: list[tuple[str, str]]
    required: bool
    value: str


def inputs_of(rows: Iterable[Shown]) -> list[Input]:
    """Return the inputs of these fields; retired ones are shown elsewhere, but asked no longer."""
    return [_input(row, value.text if value else "") for row, value in rows if not row.retired_at]


def new_inputs(org_id: int) -> list[Input]:
    """Return the inputs for new samples, those that only some types have with the type beside them."""
    return [_input(row, "", typed=True) for row in definitions(g.session, org_id, "vial")]


def _input(row: FieldDefinition, value: str, *, typed: bool = False) -> Input:
    of_type = row.sample_type.code if typed and row.sample_type else ""
    hint = bounds(definition_of(row))
    if of_type:
        hint = " · ".join(filter(None, (hint, gettext("only for %(type)s", type=of_type))))
    offered = [(one, one) for one in choices_of(row)]
    if row.kind == "yes_no":
        offered = [(YES, gettext("yes")), (NO, gettext("no"))]
    required = row.required and not of_type
    return Input(PREFIX + row.code, row.name, row.kind, row.unit, hint, offered, required, value)


def typed_fields(sent: MultiDict[str, str]) -> dict[str, str]:
    """Return what was typed into custom fields, by their codes."""
    return {
        name.removeprefix(PREFIX): value for name, value in sent.items() if name.startswith(PREFIX)
    }


def errors_at_inputs(refused: CryokeepError, codes: Iterable[str]) -> Mapping[str, Any]:
    """Return refusals by the names of the inputs."""
    known = set(codes)
    if isinstance(refused, AllRefused):
        return refused.apart
    found: dict[str, Refusal] = errors_of(refused)
    return {PREFIX + name if name in known else name: one for name, one in found.items()}


def shown(rows: Iterable[Shown]) -> list[tuple[str, str]]:
    """Return fields as (name, value in words), empty ones with a dash."""
    return [(row.name, _said(row, value.text) if value else "–") for row, value in rows]


def _said(row: FieldDefinition, text: str) -> str:
    if row.kind == "yes_no":
        return gettext("yes") if text == YES else gettext("no")
    return f"{text} {row.unit}" if row.unit else text


def refuse_stale(seen: int | None, version: int) -> None:
    """Refuse a form that was filled in when the thing was another version."""
    if seen is not None and seen != version:
        facts = {"found": seen, "expected": version}
        raise Conflict(Refusal("stale", etag.STALE, facts))
