"""Long lists: sorted and paged by the database, by what the address says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import SQLColumnExpression

PAGE = 50
Column = SQLColumnExpression[Any]
Sorts = Mapping[str, Column]


@dataclass(frozen=True)
class ListPage:
    """One page of a list; `prev` and `next` are addresses, or empty."""

    rows: list[Any]
    first: int
    total: int
    prev: str
    next: str

    @property
    def last(self) -> int:
        """Return the number of the page's last row."""
        return self.first + len(self.rows) - 1


def list_page(
    session: Session, query: Select[Any], sorts: Sorts, usual: str, *, tie: Column, down: bool = False
) -> ListPage:  # fmt: skip
    """Return the page of the query's entities that the request asks for."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(_number(), 1), pages)
    wanted = request.args.get("sort", "")
    if wanted in sorts:
        down = request.args.get("dir", "asc") == "desc"
    column = sorts.get(wanted, sorts[usual])
    ordered = column.desc().nulls_last() if down else column.asc().nulls_last()
    rows = session.scalars(query.order_by(ordered, tie).offset((number - 1) * PAGE).limit(PAGE))
    return ListPage(
        list(rows.unique()), (number - 1) * PAGE + 1, total,
        _address(number - 1) if number > 1 else "", _address(number + 1) if number < pages else "",
    )  # fmt: skip


def _number() -> int:
    found = request.args.get("page", "")
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 9 else 1


def _address(number: int) -> str:
    return "?" + urlencode({**request.args.to_dict(), "page": number})
