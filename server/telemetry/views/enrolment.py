"""The doors of enrolment: a code is made by a person, and redeemed, renewed and confirmed by an agent."""

import base64
import binascii
from datetime import datetime, timedelta

from flask import Response, g, request

from server.core.errors import Forbidden, Invalid, Refusal
from server.core.words import N_
from server.kit import csrf
from server.kit.api import Answer, Body, describes, read
from server.kit.door import PUBLIC, require
from server.kit.state import kit
from server.parties.models import Organisation
from server.telemetry import attempts, enrolment, signing_key
from server.telemetry.enrolment import Granted, Speaker
from server.telemetry.terms import terms
from server.telemetry.views.blueprints import api, pages

NOT_SHOWN = Refusal(
    "no_code", N_("The Authorization header is expected to read “Cryokeep-Agent” and a code.")
)


class CodeWanted(Body):
    """Which agent a code is for. `org` is the number of the organisation whose freezers it reads."""

    site: str
    code: str
    org: int


class CodeOut(Answer):
    """A one-time code, shown only now."""

    enrolment_code: str
    site: str
    code: str
    expires_at: datetime


class RequestIn(Body):
    """A certificate request, PEM. Its names and wishes are not looked at."""

    request: str


class SignedIn(Body):
    """A JSON text with `serial` and `at` (ms since 1970 UTC), and its signature by that certificate's key, base64."""

    body: str
    signature: str
    request: str = ""


class CertificateOut(Answer):
    """A certificate for exactly this agent, and what the agent needs to work with it."""

    site: str
    code: str
    serial: str
    certificate: str
    expires_at: datetime
    authority: str
    server_key: str
    broker_host: str
    broker_port: int
    broker_by_local_ca: bool
    prefix: str
    at: datetime


class ConfirmedOut(Answer):
    """The certificate that holds from now on, alone."""

    serial: str


@pages.get("/ca.crt")
@require(PUBLIC)
def authority() -> Response:
    """Hand out the local authority's certificate: public, and worth nothing without its fingerprint."""
    pem = enrolment.authority_pem(kit().settings.home, g.clock.now())
    return Response(pem, mimetype="application/x-pem-file")


@api.post("/agents/codes")
@require("telemetry.manage")
@describes("Make a one-time code for an agent", body=CodeWanted, answers={201: CodeOut})
def make_code() -> tuple[CodeOut, int]:
    """Make a code; it is shown only in this answer."""
    wanted = read(CodeWanted)
    if g.session.get(Organisation, wanted.org) is None or not g.actor.may(
        "telemetry.manage", wanted.org
    ):
        because = N_("There is no organisation %(org)s for whose agents you may speak.")
        raise Invalid(Refusal("no_organisation", because, {"org": wanted.org}), field="org")
    offered = offer(wanted.site, wanted.code, wanted.org)
    return CodeOut(
        enrolment_code=offered.code, site=offered.site, code=offered.name,
        expires_at=offered.expires_at,
    ), 201  # fmt: skip


def offer(site: str, code: str, org_id: int) -> enrolment.Offered:
    """Make a code on the terms of this house; the answer that shows it is kept nowhere."""
    now = g.clock.now()
    fingerprint = terms(kit().settings, now).fingerprint
    g.secret_answer = True
    return enrolment.offer(g.session, g.actor, site, code, org_id, fingerprint, at=now)


@api.post("/agent/enrolments")
@require(PUBLIC)
@describes(
    "Redeem a one-time code, which stands in the Authorization header", body=RequestIn,
    answers={201: CertificateOut},
)  # fmt: skip
def redeem() -> tuple[CertificateOut, int]:
    """Give the certificate for the agent that the code names."""
    wanted = read(RequestIn)
    kind, _space, code = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != csrf.AGENT or not code.strip():
        raise Forbidden(NOT_SHOWN)
    attempt = _counted()
    home, address = kit().settings.home, _address()
    granted = enrolment.redeem(
        g.session, home, code, wanted.request, address, at=g.clock.now(), life=_life()
    )
    attempts.succeeded(g.session, attempt)
    return _certificate(granted), 201


@api.post("/agent/renewals")
@require(PUBLIC)
@describes(
    "Renew a certificate, signed by the key of the present one", body=SignedIn,
    answers={201: CertificateOut},
)  # fmt: skip
def renew() -> tuple[CertificateOut, int]:
    """Give the agent a certificate for its new key."""
    speaker, wanted = _proved()
    granted = enrolment.renew(
        g.session, kit().settings.home, speaker, wanted.request, at=g.clock.now(), life=_life()
    )
    return _certificate(granted), 201


def _life() -> timedelta:
    """How long a certificate of an agent holds here."""
    return timedelta(minutes=kit().settings.agent_certificate_minutes)


@api.post("/agent/renewals/confirmed")
@require(PUBLIC)
@describes(
    "Confirm a certificate: earlier ones hold no more", body=SignedIn, answers={200: ConfirmedOut}
)
def confirm() -> ConfirmedOut:
    """Let the certificate that signs this supersede the agent's others."""
    speaker, _wanted = _proved()
    enrolment.confirm(g.session, speaker, at=g.clock.now())
    return ConfirmedOut(serial=speaker.certificate.serial)


def _proved() -> tuple[Speaker, SignedIn]:
    wanted = read(SignedIn)
    if not csrf.is_agent():
        raise Forbidden(NOT_SHOWN)
    try:
        signature = base64.b64decode(wanted.signature, validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    attempt = _counted()
    speaker = enrolment.prove(g.session, wanted.body, signature, at=g.clock.now())
    attempts.succeeded(g.session, attempt)
    return speaker, wanted


def _counted() -> int:
    """Count this attempt in a transaction of its own: a refusal must not undo that."""
    with g.reader.writing() as session:
        return attempts.begin(session, _address(), at=g.clock.now())


def _address() -> str:
    return request.remote_addr or ""


def _certificate(granted: Granted) -> CertificateOut:
    now, settings = g.clock.now(), kit().settings
    here = terms(settings, now)
    agent, certificate = granted.agent, granted.certificate
    return CertificateOut(
        site=agent.site, code=agent.code, serial=certificate.serial, certificate=certificate.pem,
        expires_at=certificate.expires_at, authority=enrolment.authority_pem(settings.home, now),
        server_key=signing_key.public_pem(settings.home), broker_host=here.broker_host,
        broker_port=here.broker_port, broker_by_local_ca=here.broker_by_local_ca,
        prefix=here.prefix, at=now,
    )  # fmt: skip
