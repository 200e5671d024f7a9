"""The record of changes: a page with filters, and its API."""

from server.audit.views import api as api_views
from server.audit.views import history
from server.audit.views import pages as page_views
from server.audit.views.blueprints import api, pages
from server.core.words import N_
from server.kit.state import Kit

__all__ = ["api", "api_views", "history", "page_views", "pages", "register"]


def register(kit: Kit) -> None:
    """Put the record into the page head of those who may read it."""
    kit.nav.offer(90, N_("Record"), "/audit", "audit.read")
