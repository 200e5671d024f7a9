"""Pages and API of organisations and their delivery sites."""

from server.core.words import N_
from server.kit.state import Kit
from server.parties.views import api as api_views
from server.parties.views import organisations, sites
from server.parties.views.blueprints import api, pages

__all__ = ["api", "api_views", "organisations", "pages", "register", "sites"]


def register(kit: Kit) -> None:
    """Put organisations into the page head of those who manage them."""
    kit.nav.offer(85, N_("Organisations"), "/organisations", "parties.manage")
    offer = kit.records.offer
    offer(
        110,
        "organisation",
        N_("organisation"),
        "parties.manage",
        "/organisations/{code}",
        found=True,
    )
    offer(90, "project", N_("project"), "storage.read", "/vials?project={code}", found=True)
