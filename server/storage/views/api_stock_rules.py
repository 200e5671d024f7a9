"""The API of the rules of stock."""

from flask import g

from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.queries import guarding
from server.storage.rules.protection import Policy
from server.storage.views.blueprints import api


class StockRule(Body):
    """What an organisation wants for a tier; for "line" only least_vials counts."""

    least_vials: int = 0
    least_percent: int = 0
    keep_all: bool = False
    rebank_below: int | None = None
    return_allowed: bool = False
    longest_out_s: int | None = None
    uses: tuple[str, ...] = ()
    signed: bool = False


class StockRuleOut(Answer):
    """What an organisation wants for a tier, or for a whole line (tier "line")."""

    tier: str
    least_vials: int
    least_percent: int
    keep_all: bool
    rebank_below: int | None
    return_allowed: bool
    longest_out_s: int | None
    uses: list[str]
    signed: bool


class StockRulesOut(Answer):
    """What an organisation wants for each tier."""

    items: list[StockRuleOut]


def _rule_out(policy: Policy) -> StockRuleOut:
    return StockRuleOut(
        tier=policy.tier, least_vials=policy.least_vials, least_percent=policy.least_percent,
        keep_all=policy.keep_all, rebank_below=policy.rebank_below, return_allowed=policy.return_allowed,
        longest_out_s=policy.longest_out_s, uses=sorted(policy.uses), signed=policy.signed,
    )  # fmt: skip


@api.get("/stock-rules")
@require("storage.read")
@describes("Read the rules of stock", answers={200: StockRulesOut})
def list_stock_rules() -> StockRulesOut:
    """Return what the asker's organisation wants for each tier."""
    org_id = queries.own_org(g.session, g.actor, "storage.read")
    known = guarding.policies(g.session, org_id)
    return StockRulesOut(items=[_rule_out(policy) for policy in known.values()])


@api.put("/stock-rules/<tier>")
@require("storage.policy")
@describes("Set the rules of stock of a tier", body=StockRule, answers={200: StockRuleOut})
def set_stock_rule(tier: str) -> StockRuleOut:
    """Say what is wanted for a tier from now on."""
    org_id, wanted = queries.own_org(g.session, g.actor, "storage.policy"), read(StockRule)
    policy = Policy(
        tier=tier, least_vials=wanted.least_vials, least_percent=wanted.least_percent,
        keep_all=wanted.keep_all, rebank_below=wanted.rebank_below,
        return_allowed=wanted.return_allowed, longest_out_s=wanted.longest_out_s,
        uses=frozenset(wanted.uses), signed=wanted.signed,
    )  # fmt: skip
    storage.set_policy(g.session, g.actor, org_id, policy, at=g.clock.now())
    g.session.flush()
    return _rule_out(guarding.policy(g.session, org_id, tier))
