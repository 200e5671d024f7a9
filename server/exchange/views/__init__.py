"""Pages and API of exchange: imports, exports, webhooks."""

from server.core.words import N_
from server.exchange.views import api_imports, exports, imports, results, starting, webhooks
from server.exchange.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = [
    "api",
    "api_imports",
    "exports",
    "imports",
    "pages",
    "register",
    "results",
    "starting",
    "webhooks",
]


def register(kit: Kit) -> None:
    """Put imports and exports into the page head, under what is seldom needed."""
    kit.nav.offer(74, N_("Imports"), "/imports", "storage.import")
    kit.nav.offer(75, N_("Exports"), "/exports", "storage.read")
    kit.nav.offer(76, N_("Webhooks"), "/webhooks", "parties.manage")
    kit.records.offer(142, "import", N_("import"), "storage.import", "/imports/{code}")
    kit.records.offer(143, "webhook", N_("webhook"), "parties.manage", "/webhooks/{code}")
