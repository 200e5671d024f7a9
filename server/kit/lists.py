"""Long lists on pages: which column sorts, which part is shown, and the addresses of its neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
USUAL = 50


@dataclass(frozen=True)
class Part(Generic[T]):
    """One part of a list, with what the pager needs."""

    rows: Sequence[T]
    first: int
    last: int
    total: int
    prev: str
    next: str


def part(
    session: Session,
    wanted: Select[T],
    sorts: Mapping[str, Any],
    usual: str,
    tie: Any,  # noqa: ANN401  a column
    size: int = USUAL,
) -> Part[T]:
    """Return the part that ?page= asks for, sorted by ?sort= and ?dir=; strange values read as the usual ones.

    `usual` is the name of the usual sort, with a minus before it where it runs downwards; `tie` tells
    rows apart that sort alike.
    """
    total = session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    page = min(max(1, _whole(request.args.get("page", ""))), max(1, -(-total // size)))
    ordered = wanted.order_by(*_order(sorts, usual), tie)
    rows = session.scalars(ordered.limit(size).offset((page - 1) * size)).unique().all()
    first = (page - 1) * size
    more = first + len(rows) < total
    return Part(
        rows=rows,
        first=first + 1 if rows else 0,
        last=first + len(rows),
        total=total,
        prev=_address(page - 1) if page > 1 else "",
        next=_address(page + 1) if more else "",
    )


def _order(sorts: Mapping[str, Any], usual: str) -> list[Any]:
    name = request.args.get("sort", "")
    if name not in sorts:
        name, down = usual.removeprefix("-"), usual.startswith("-")
    else:
        down = request.args.get("dir", "") == "desc"
    column = sorts[name]
    return [column.is_(None), column.desc() if down else column.asc()]


def _whole(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdecimal() else 1


def _address(page: int) -> str:
    return "?" + urlencode({**request.args.to_dict(), "page": str(page)})
