"""What an organisation wants for each tier: floors, uses, signatures, return."""

from dataclasses import asdict

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue.rules import TIERS
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.queries import guarding
from server.storage.rules.protection import DEFAULTS, LINE, USES, Policy
from server.storage.views.blueprints import pages
from server.storage.views.guard_forms import LinePolicyForm, PolicyForm

NAMES = {**TIERS, LINE: N_("a whole line, over all tiers")}
Page = Response | str | tuple[str, int]


@pages.get("/stock-rules")
@require("storage.read")
def stock_rules() -> str:
    """Show what is wanted for each tier."""
    org_id = queries.own_org(g.session, g.actor, "storage.read")
    return render_template(
        "storage/stock_rules.html",
        policies=guarding.policies(g.session, org_id),
        defaults=DEFAULTS,
        names=NAMES,
        uses=USES,
        line=LINE,
        may_change=g.actor.may("storage.policy", org_id),
    )


@pages.get("/stock-rules/<tier>")
@require("storage.policy")
def stock_rule_form(tier: str) -> str:
    """Ask what is wanted for a tier from now on."""
    org_id = queries.own_org(g.session, g.actor, "storage.policy")
    found = guarding.policies(g.session, org_id).get(tier)
    return _form(tier, _typed(found or _no_such(tier)))


@pages.post("/stock-rules/<tier>")
@require("storage.policy")
def set_stock_rule(tier: str) -> Page:
    """Say what is wanted for a tier from now on."""
    org_id = queries.own_org(g.session, g.actor, "storage.policy")
    form = LinePolicyForm if tier == LINE else PolicyForm
    try:
        wanted = form.read(request.form).policy(tier)
        storage.set_policy(g.session, g.actor, org_id, wanted, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _form(tier, typed_of(request.form), refused), 422
    notices.tell(gettext("The rules of stock have been changed."))
    return redirect(url_for("storage.stock_rules"))


def _no_such(tier: str) -> Policy:
    because = N_("“%(found)s” is not a tier; one of %(expected)s is expected.")
    facts = {"found": tier, "expected": ", ".join(DEFAULTS)}
    raise NotFound(Refusal("bad_tier", because, facts))


def _typed(policy: Policy) -> Typed:
    told = Typed({**asdict(policy), "uses": sorted(policy.uses)})
    told["rebank_below"] = "" if policy.rebank_below is None else policy.rebank_below
    told["longest_out_min"] = "" if policy.longest_out_s is None else policy.longest_out_s // 60
    return told


def _form(tier: str, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/stock_rule.html",
        tier=tier,
        name=NAMES.get(tier) or _no_such(tier),
        uses=USES,
        line=LINE,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )
