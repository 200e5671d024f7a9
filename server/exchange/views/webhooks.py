"""Webhooks: who is told what, the secret once, and the log of what was delivered."""

import json

from flask import g, redirect, render_template, request
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from server.accounts.queries import visible
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.exchange import calling
from server.exchange.models import Webhook
from server.exchange.rules import EVENT_GROUPS
from server.exchange.service import webhooks as service
from server.exchange.service.webhooks import MANAGE
from server.exchange.views.blueprints import api, pages
from server.kit import cursors, etag, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.outbox.models import Letter
from server.parties import queries as parties

NONE = N_("There is no webhook %(number)s that you manage.")
LOG = 100


class WebhookOut(Answer):
    """An address that is told events; its secret is shown when it is made, and never again."""

    id: int
    address: str
    events: list[str]
    organisation: int
    ended: bool
    version: int
    secret: str = ""


class Webhooks(Answer):
    """A page of webhooks; `next` is the cursor of the next one."""

    items: list[WebhookOut]
    next: str | None


class NewWebhook(Body):
    """An address to be told events such as vial.* or request.shipped."""

    address: str
    events: list[str]
    organisation: str = ""


class Delivery(Answer):
    """One letter to a webhook: waiting, sent or given up, and what its receiver said."""

    id: int
    subject: str
    state: str
    attempts: int
    last_error: str
    created_at: str
    sent_at: str


class Deliveries(Answer):
    """A page of deliveries; `next` is the cursor of the next one."""

    items: list[Delivery]
    next: str | None


@pages.get("/webhooks")
@require(MANAGE)
def webhooks() -> str:
    """List the webhooks, with the form for a new one."""
    return _page(
        Typed({"events": [f"{kind}.*" for kind in ("vial", "request", "alarm", "import")]})
    )


@pages.post("/webhooks")
@require(MANAGE)
def add_webhook() -> str | tuple[str, int]:
    """Set up a webhook and show its secret, this once."""
    events = [*request.form.getlist("events"), *request.form.get("more", "").split()]
    try:
        made, secret = _add(
            request.form.get("address", "").strip(), events, request.form.get("org", "")
        )
    except CryokeepError as refused:
        return _page(typed_of(request.form), refused), 422
    g.secret_answer = True
    return _page(Typed(), fresh=(made, secret))


@pages.get("/webhooks/<int:hook_id>")
@require(MANAGE)
def webhook(hook_id: int) -> str:
    """Show a webhook and what was delivered to it."""
    hook = _hook(hook_id)
    log = g.session.scalars(_letters(hook).order_by(Letter.id.desc()).limit(LOG)).all()
    return render_template(
        "exchange/webhook.html", hook=hook, events=json.loads(hook.events), log=log
    )


@pages.post("/webhooks/<int:hook_id>/end")
@require(MANAGE)
def end_webhook(hook_id: int) -> Response:
    """Tell an address nothing more."""
    service.end_webhook(g.session, g.actor, _hook(hook_id), at=g.clock.now())
    notices.tell(gettext(N_("This address is told nothing more.")))
    return redirect("/webhooks", 303)


@api.get("/webhooks")
@require(MANAGE)
@describes("Addresses that are told events", answers={200: Webhooks}, listed=True)
def api_webhooks() -> Webhooks:
    """List webhooks."""
    found, onward = cursors.page(g.session, _mine(), Webhook.id)
    return Webhooks(items=[_out(hook) for hook in found], next=onward)


@api.post("/webhooks")
@require(MANAGE)
@describes(
    "Tell an address events; its secret is in this answer alone",
    body=NewWebhook,
    answers={201: WebhookOut},
)
def api_add() -> tuple[WebhookOut, int]:
    """Set up a webhook."""
    wanted = read(NewWebhook)
    made, secret = _add(wanted.address, wanted.events, wanted.organisation)
    g.secret_answer = True
    return _out(made, secret), 201


@api.get("/webhooks/<int:hook_id>")
@require(MANAGE)
@describes("One webhook", answers={200: WebhookOut})
def api_webhook(hook_id: int) -> WebhookOut:
    """Describe a webhook."""
    hook = _hook(hook_id)
    etag.tell(hook.version)
    return _out(hook)


@api.delete("/webhooks/<int:hook_id>")
@require(MANAGE)
@describes("Tell an address nothing more", answers={200: WebhookOut})
def api_end(hook_id: int) -> WebhookOut:
    """End a webhook."""
    hook = _hook(hook_id)
    etag.check(hook.version)
    service.end_webhook(g.session, g.actor, hook, at=g.clock.now())
    g.session.flush()
    etag.tell(hook.version)
    return _out(hook)


@api.get("/webhooks/<int:hook_id>/deliveries")
@require(MANAGE)
@describes(
    "What was delivered to an address, the newest first", answers={200: Deliveries}, listed=True
)
def api_deliveries(hook_id: int) -> Deliveries:
    """List deliveries."""
    found, onward = cursors.page(g.session, _letters(_hook(hook_id)), Letter.id, newest_first=True)
    return Deliveries(items=[_delivery(letter) for letter in found], next=onward)


def _add(address: str, events: list[str], org_code: str) -> tuple[Webhook, str]:
    with g.reader() as session:
        org_id = (
            parties.by_code(session, g.actor, MANAGE, org_code).id
            if org_code
            else parties.own_organisation(session, g.actor, MANAGE)
        )
    if address and (
        refusal := calling.why_not_address(address, private=kit().settings.private_webhooks)
    ):
        raise Invalid(refusal, field="address")
    return service.add_webhook(g.session, g.actor, org_id, address, events, at=g.clock.now())


def _mine() -> Select[Webhook]:
    found: Select[Webhook] = visible(select(Webhook), g.actor, MANAGE, Webhook.org_id)
    return found


def _hook(hook_id: int) -> Webhook:
    found: Webhook | None = g.session.scalar(_mine().where(Webhook.id == hook_id))
    if found is None:
        raise NotFound(Refusal("no_such_webhook", NONE, {"number": hook_id}))
    return found


def _letters(hook: Webhook) -> Select[Letter]:
    return select(Letter).where(Letter.about_kind == "webhook", Letter.about_id == hook.id)


def _page(
    typed: Typed, refused: CryokeepError | None = None, fresh: tuple[Webhook, str] | None = None
) -> str:
    found = g.session.scalars(_mine().order_by(Webhook.ended_at.is_not(None), Webhook.id)).all()
    orgs = g.session.scalars(parties.seen_by(g.actor, MANAGE).limit(200)).all()
    return render_template(
        "exchange/webhooks.html", typed=typed, orgs=orgs, groups=EVENT_GROUPS, fresh=fresh,
        hooks=[(hook, json.loads(hook.events)) for hook in found],
        errors=errors_of(refused) if refused else {},
    )  # fmt: skip


def _out(hook: Webhook, secret: str = "") -> WebhookOut:
    return WebhookOut(
        id=hook.id, address=hook.address, events=json.loads(hook.events), organisation=hook.org_id,
        ended=hook.ended_at is not None, version=hook.version, secret=secret,
    )  # fmt: skip


def _delivery(letter: Letter) -> Delivery:
    return Delivery(
        id=letter.id, subject=letter.subject, state=letter.state, attempts=letter.attempts,
        last_error=letter.last_error, created_at=letter.created_at.isoformat(),
        sent_at=letter.sent_at.isoformat() if letter.sent_at else "",
    )  # fmt: skip
