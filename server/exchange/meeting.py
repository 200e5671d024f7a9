"""What a worker needs to know of an import before it works on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Forbidden
from server.exchange import pace, registry
from server.exchange.ahead import Ahead, Parts
from server.exchange.cells import Options
from server.exchange.layouts.base import Parser
from server.exchange.marks import actor_of
from server.exchange.models import Import
from server.exchange.service.imports import NOT_YOURS
from server.exchange.sheets.base import Desk, Item, Work


@dataclass
class AtWork:
    """What the worker knows of one import while it works on it."""

    version: int
    made: Import
    parser: Parser
    work: Work
    header: list[str]
    here: Ahead
    parts: Parts
    rows_at_once: int = field(default_factory=lambda: pace.FIRST_ROWS)
    stuck: list[Item] = field(default_factory=list)


def meet(database: Database, clock: Clock, import_id: int) -> AtWork:
    """Return what is known of an import; refuses where its sender may not bring such rows in any more."""
    with database.reading() as session:
        made = session.get_one(Import, import_id)
        sheet = registry.sheet_of(made.sheet)
        layout = registry.layout_of(made.sheet, made.layout)
        columns = layout.columns_for(sheet, session, made.org_id)
        own = columns if not layout.columns else sheet.columns(session, made.org_id)
        actor = actor_of(session, made)
    if not actor.may(sheet.permission, made.org_id):
        raise Forbidden(NOT_YOURS)
    mapping, header = json.loads(made.mapping), json.loads(made.header)
    work = sheet.work(Desk(made.org_id, actor, made.code, _mapped(own, mapping, layout.columns)))
    parser = Parser(layout, columns, mapping, Options(**json.loads(made.options)), len(header))
    here = Ahead(database, clock, made.id, parser, work)
    return AtWork(made.version, made, parser, work, header, here, here)


def _mapped(own: Sequence[Any], mapping: dict[str, int], foreign: Sequence[Any]) -> list[Any]:
    """Return our columns of which the file speaks at all; another system's layout decides for itself."""
    return list(own) if foreign else [column for column in own if column.name in mapping]
