"""The entries of the page head: offered by features, shown to whom they are of use."""

from dataclasses import dataclass

from server.core.actor import Actor
from server.core.words import say
from server.kit.admission import SIGNED_IN

SELDOM = 60  # from this position on, entries stand under “More”


@dataclass(frozen=True, order=True)
class Entry:
    """One entry; the lowest position stands first."""

    position: int
    label: str
    url: str
    permission: str


class Nav:
    """Collects entries while the app is made."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def offer(self, position: int, label: str, url: str, permission: str) -> None:
        """Show `label` (marked with N_) to everybody who has the permission somewhere (or is SIGNED_IN)."""
        self.entries.append(Entry(position, label, url, permission))

    def of(
        self, actor: Actor, path: str, language: str, *, seldom: bool = False
    ) -> list[tuple[str, str, bool]]:
        """Return (label, address, whether the page at `path` lies under it).

        The entries for every day, or those that are seldom needed and stand under “More”.
        """
        mine = [entry for entry in sorted(self.entries) if _is_for(entry, actor)]
        mine = [entry for entry in mine if (entry.position >= SELDOM) is seldom]
        return [(say(language, e.label), e.url, _lies_under(path, e.url)) for e in mine]


def _is_for(entry: Entry, actor: Actor) -> bool:
    return actor.signed_in and (entry.permission == SIGNED_IN or actor.may(entry.permission))


def _lies_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url + "/"))
