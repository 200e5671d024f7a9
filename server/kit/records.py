"""Kinds of records that have a page and a history: offered by features, so that low pages can lead to high ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from server.core.actor import Actor

NO_CODES = frozenset({"new", "rules", "times"})
"""What stands in addresses where else a code does."""


@dataclass(frozen=True)
class Record:
    """One kind: what it is called, who may see such things, and the page of one."""

    kind: str
    words: str
    permission: str
    page: str
    """Its address with {code} or {id} in it; empty where it has none."""
    found: bool = False
    """It is found by words under this kind."""


class Records:
    """Collects kinds while the app is made, in the order in which they are shown."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[int, Record]] = {}

    def offer(
        self, position: int, kind: str, words: str, permission: str, page: str = "", *, found: bool = False
    ) -> None:  # fmt: skip
        """Take in a kind; `words` is marked with N_, `page` holds {code} or {id} ("" where none has a page)."""
        self._offered[kind] = (position, Record(kind, words, permission, page, found))

    def __iter__(self) -> Iterator[Record]:
        return iter([record for _position, record in sorted(self._offered.values(), key=_first)])

    def get(self, kind: str) -> Record | None:
        """Return this kind, or None."""
        return self._offered[kind][1] if kind in self._offered else None

    def page(self, kind: str, thing_id: int, code: str) -> str:
        """Return the address of one record's page; empty where there is none."""
        record = self.get(kind)
        return record.page.format(id=thing_id, code=quote(code, safe="")) if record else ""

    def of_path(self, path: str) -> tuple[str, str] | None:
        """Return which record's own page this is, as (kind, code), or None."""
        for record in self:
            start, mark, end = record.page.partition("{code}")
            code = path.removeprefix(start).removesuffix(end)
            if mark and "?" not in start and path == start + code + end and _is_code(code):
                return record.kind, code
        return None

    def history(
        self, actor: Actor, path: str, shown: tuple[str, str] | None
    ) -> tuple[str, str] | None:
        """Return (address, code) of the history of the record that this page shows, for those who may read it."""
        kind, code = shown or self.of_path(path) or ("", "")
        address = self.history_of(actor, kind, code)
        return (address, code) if address else None

    def history_of(self, actor: Actor, kind: str, code: str) -> str:
        """Return the address of the history of one record; empty for those who may not read it."""
        record = self.get(kind)
        if record is None or not (actor.may(record.permission) or actor.may("audit.read")):
            return ""
        return f"/history/{kind}/{quote(code)}"

    def seen(self, actor: Actor) -> dict[str, frozenset[int] | None]:
        """Return the kinds found by words that the actor may see somewhere, with the organisations."""
        return {
            record.kind: actor.orgs(record.permission)
            for record in self
            if record.found and actor.may(record.permission)
        }


def _is_code(found: str) -> bool:
    return bool(found) and "/" not in found and found not in NO_CODES


def _first(item: tuple[int, Record]) -> int:
    return item[0]
