"""What work at the freezer adds to the list of vials: a pick list of those that were chosen."""

from collections.abc import Sequence

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from server.core.words import N_, N_n
from server.handling.service import picks
from server.kit.i18n import gettext
from server.storage.models import Vial
from server.storage.queries import own_org
from server.storage.rules.protection import USES
from server.storage.views import acting
from server.storage.views.acting import Act

WORK = "storage.move"


def offer() -> None:
    """Let chosen vials be put onto a pick list."""
    acting.offer(Act("pick", N_("Make a pick list"), WORK, "handling/act_pick.html", _pick))


def _pick(chosen: Sequence[Vial]) -> Response:
    codes = [vial.code for vial in chosen]
    title = request.form.get("title", "").strip() or gettext(
        N_n("1 tube", "%(count)s tubes", "count"), count=len(codes)
    )
    org_id = own_org(g.session, g.actor, WORK)
    use = request.form.get("use", "").strip()
    made = picks.make_pick_list(
        g.session, g.actor, org_id, codes, title, use=use if use in USES else "", at=g.clock.now()
    )
    return redirect(url_for("handling.work_list", code=made.code))
