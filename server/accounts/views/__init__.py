"""Pages and API of people: signing in, one's own page, and managing others."""

from server.accounts.views import api as api_views
from server.accounts.views import entering, first, language, links, me, people, person, tokens
from server.accounts.views.blueprints import api, pages
from server.core.words import N_
from server.kit.state import Kit

__all__ = [
    "api", "api_views", "entering", "first", "language", "links", "me", "pages", "people", "person",
    "register", "tokens",
]  # fmt: skip


def register(kit: Kit) -> None:
    """Put people into the page head of those who manage them."""
    kit.nav.offer(80, N_("People"), "/people", "people.manage")
    kit.records.offer(70, "person", N_("person"), "people.manage", "/people/{id}", found=True)
