"""Who acts: a person at a page or a door of the API, an agent, or the system itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.core.words import SOURCE_LANGUAGE

Kind = Literal["person", "agent", "system", "nobody"]
ALL_ORGANISATIONS: None = None


@dataclass(frozen=True)
class Actor:
    """Who acts, through which door, and what they may do where.

    `permissions` maps a permission to the organisations for which it was granted; None means all.
    """

    id: int | None
    name: str
    kind: Kind = "person"
    door: str = "page"
    language: str = SOURCE_LANGUAGE
    org_id: int | None = None
    permissions: Mapping[str, frozenset[int] | None] = field(default_factory=dict)
    request_id: str = ""
    sign_in_id: int | None = None
    """The sign-in of a person at a page; none for one who comes with a token."""

    @classmethod
    def system(cls, name: str, door: str = "worker") -> "Actor":
        """Return an actor for what Cryokeep does by itself; it may do everything."""
        return cls(id=None, name=name, kind="system", door=door)

    @classmethod
    def nobody(cls, language: str = SOURCE_LANGUAGE) -> "Actor":
        """Return the actor of a request in which no one is signed in."""
        return cls(id=None, name="", kind="nobody", language=language)

    @property
    def signed_in(self) -> bool:
        """Say whether a person, an agent or the system stands behind this."""
        return self.kind != "nobody"

    def may(self, permission: str, org_id: int | None = None) -> bool:
        """Say whether this is permitted, for one organisation or (None) for any at all."""
        if self.kind == "system":
            return True
        if permission not in self.permissions:
            return False
        orgs = self.permissions[permission]
        return orgs is ALL_ORGANISATIONS or org_id is None or org_id in orgs

    def orgs(self, permission: str) -> frozenset[int] | None:
        """Return the organisations for which this is permitted; None means all, empty means none."""
        if self.kind == "system":
            return ALL_ORGANISATIONS
        return self.permissions.get(permission, frozenset())
