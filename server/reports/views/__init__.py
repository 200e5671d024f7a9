"""Pages and API of reports."""

from server.core.words import N_
from server.kit.state import Kit
from server.reports.views import api_plans, api_reports, overview, plans
from server.reports.views.blueprints import api, pages

__all__ = ["api", "api_plans", "api_reports", "overview", "pages", "plans", "register"]


def register(kit: Kit) -> None:
    """Put reports into the page head."""
    kit.nav.offer(62, N_("Reports"), "/reports", "storage.read")
    kit.records.offer(
        144, "consolidation", N_("plan for putting boxes together"), "storage.read",
        "/reports/plans/{code}",
    )  # fmt: skip
