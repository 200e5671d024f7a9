"""How an agent comes by its certificate: a one-time code first, its own signature afterwards."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import from_ms
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.telemetry import agent_certificates, certificates, codes, rules
from server.telemetry.agent_certificates import LIFE, Wanted
from server.telemetry.models import Agent, AgentCertificate, EnrolmentCode

RENEWAL_CLOCKS_DIFFER = timedelta(minutes=15)
_ENROLLED = N_("%(site)s/%(code)s is enrolled already; revoke it first, then make a new code.")
_WRONG_CODE = Refusal(
    "wrong_code",
    N_(
        "This code is not good: it was never made, was used already, is older than ten minutes, or a newer one took its place. Ask for a new one."
    ),
)
_WRONG_SIGNATURE = Refusal(
    "wrong_signature",
    N_(
        "This is not signed by a certificate that still holds. Enrol the agent again with a new code."
    ),
)
_OTHER_TIME = Refusal(
    "other_time",
    N_(
        "The request was signed at another time than now: the agent's clock is wrong, or it is an old one."
    ),
)
_OLD_KEY = Refusal("old_key", N_("A renewal needs a new key; this is the key of the present one."))


@dataclass(frozen=True)
class Offered:
    """A code as it is shown, this once."""

    code: str
    site: str
    name: str
    expires_at: datetime


@dataclass(frozen=True)
class Granted:
    """A certificate that was given, and to which agent."""

    agent: Agent
    certificate: AgentCertificate


def offer(
    session: Session, actor: Actor, site: str, code: str, org_id: int, fingerprint: str, *, at: datetime
) -> Offered:  # fmt: skip
    """Make a one-time code for this agent; an earlier one that was not used holds no more.

    Refuses names that cannot be, and an agent that is enrolled and not revoked.
    """
    if refusal := rules.why_not_certify(site, code):
        raise Invalid(refusal, field="code" if refusal.facts.get("what") == "name" else "site")
    _refuse_enrolled(session, site, code, org_id)
    same = (EnrolmentCode.site == site, EnrolmentCode.code == code, EnrolmentCode.used_at.is_(None))
    session.execute(
        update(EnrolmentCode)
        .where(*same, EnrolmentCode.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )
    numbers = [secrets.randbelow(len(codes.LETTERS)) for _ in range(codes.GROUPS * codes.GROUP)]
    shown = codes.written(numbers, fingerprint)
    secret = codes.secret_of(shown)
    assert secret is not None
    session.add(
        EnrolmentCode(
            org_id=org_id, site=site, code=code, code_hash=codes.kept(secret), made_at=at,
            made_by=actor.name, expires_at=at + codes.LIVES,
        )
    )  # fmt: skip
    audit.record(session, actor, "agent.code_made", "agent", f"{site}/{code}", at=at, org_id=org_id)
    return Offered(shown, site, code, at + codes.LIVES)


def _refuse_enrolled(session: Session, site: str, code: str, org_id: int) -> None:
    agent = session.scalars(select(Agent).where(Agent.site == site, Agent.code == code)).first()
    if agent is not None and (agent.revoked_at is None or agent.org_id != org_id):
        raise Conflict(Refusal("agent_enrolled", _ENROLLED, {"site": site, "code": code}))


def redeem(
    session: Session, home: Path, code: str, request: str, address: str, *, at: datetime,
    life: timedelta = LIFE,
) -> Granted:  # fmt: skip
    """Take a code and give the certificate for the agent that the code names, whatever the request says.

    The same code with the same key again, as after a lost answer, is given the same certificate
    while the code would still hold. Refuses everything else in one sentence, which tells a guesser
    nothing.
    """
    wanted = agent_certificates.read_request(request)
    offered = _offered(session, code, at)
    if offered.used_at is not None:
        return _same_again(session, offered, wanted)
    _refuse_enrolled(session, offered.site, offered.code, offered.org_id)
    used = session.execute(
        update(EnrolmentCode)
        .where(EnrolmentCode.id == offered.id, EnrolmentCode.used_at.is_(None))
        .values(used_at=at, used_from=address)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]  # an update has one; two at once: one was faster
        raise Forbidden(_WRONG_CODE)
    agent = _let_in(session, offered, at)
    granted = _grant(session, home, agent, wanted, offered.id, at, life)
    granted.certificate.confirmed_at = at
    actor = Actor(id=agent.id, name=f"{agent.site}/{agent.code}", kind="agent", door="api")
    audit.record(
        session, actor, "agent.enrolled", "agent", f"{agent.site}/{agent.code}", at=at,
        org_id=agent.org_id, serial=granted.certificate.serial, address=address, code_by=offered.made_by,
    )  # fmt: skip
    return granted


def _offered(session: Session, code: str, at: datetime) -> EnrolmentCode:
    secret = codes.secret_of(code)
    found = None
    if secret is not None:
        query = select(EnrolmentCode).where(EnrolmentCode.code_hash == codes.kept(secret))
        found = session.scalars(query).first()
    if found is None or found.withdrawn_at is not None or found.expires_at <= at:
        raise Forbidden(_WRONG_CODE)
    return found


def _same_again(session: Session, offered: EnrolmentCode, wanted: Wanted) -> Granted:
    query = select(AgentCertificate, Agent).join(Agent, Agent.id == AgentCertificate.agent_id)
    row = session.execute(
        query.where(
            AgentCertificate.code_id == offered.id,
            AgentCertificate.key_hash == wanted.key_hash,
            AgentCertificate.ended_at.is_(None),
            Agent.revoked_at.is_(None),
        )
    ).first()
    if row is None:
        raise Forbidden(_WRONG_CODE)
    return Granted(row[1], row[0])


def _let_in(session: Session, offered: EnrolmentCode, at: datetime) -> Agent:
    where = (Agent.site == offered.site, Agent.code == offered.code)
    agent = session.scalars(select(Agent).where(*where)).first()
    if agent is None:
        agent = Agent(org_id=offered.org_id, site=offered.site, code=offered.code)
        session.add(agent)
    agent.secret, agent.enrolled_at, agent.revoked_at = "", at, None
    session.flush()
    return agent


def _grant(
    session: Session, home: Path, agent: Agent, wanted: Wanted, code_id: int | None, at: datetime,
    life: timedelta,
) -> Granted:  # fmt: skip
    signed = agent_certificates.sign(home / "ca", agent.site, agent.code, wanted, at, life)
    certificate = AgentCertificate(
        agent_id=agent.id, code_id=code_id, serial=signed.serial, key_hash=wanted.key_hash,
        pem=signed.pem, issued_at=at, expires_at=signed.expires_at,
    )  # fmt: skip
    session.add(certificate)
    session.flush()
    return Granted(agent, certificate)


# renewal: what is signed by the key of a certificate that holds


@dataclass(frozen=True)
class Speaker:
    """An agent that has proved itself by the key of one of its certificates."""

    agent: Agent
    certificate: AgentCertificate
    said: dict[str, object]


def prove(session: Session, body: str, signature: bytes, *, at: datetime) -> Speaker:
    """Return who signed this body; refuses an ended or expired certificate and a revoked agent.

    The body is JSON with the certificate's `serial` and the time `at` in milliseconds since 1970 UTC,
    which must be within a quarter of an hour of now.
    """
    try:
        said = json.loads(body)
        serial, signed_at = str(said["serial"]), from_ms(int(said["at"]))
    except (ValueError, TypeError, KeyError, OverflowError):
        raise Forbidden(_WRONG_SIGNATURE) from None
    query = select(AgentCertificate, Agent).join(Agent, Agent.id == AgentCertificate.agent_id)
    row = session.execute(
        query.where(
            AgentCertificate.serial == serial,
            AgentCertificate.ended_at.is_(None),
            AgentCertificate.expires_at > at,
            Agent.revoked_at.is_(None),
        ).with_for_update(of=Agent)
    ).first()
    if row is None or not agent_certificates.vouches(row[0].pem, signature, body.encode()):
        raise Forbidden(_WRONG_SIGNATURE)
    if abs(signed_at - at) > RENEWAL_CLOCKS_DIFFER:
        raise Forbidden(_OTHER_TIME)
    return Speaker(row[1], row[0], said)


def renew(
    session: Session, home: Path, speaker: Speaker, request: str, *, at: datetime,
    life: timedelta = LIFE,
) -> Granted:  # fmt: skip
    """Give the agent a certificate for a new key; the present one holds until it is confirmed.

    The same key again, as after a lost answer, is given the same certificate; another one takes the
    place of a renewal that was never confirmed.
    """
    wanted = agent_certificates.read_request(request)
    if wanted.key_hash == speaker.certificate.key_hash:
        raise Invalid(_OLD_KEY, field="request")
    for earlier in _unconfirmed(session, speaker.agent):
        if earlier.key_hash == wanted.key_hash:
            return Granted(speaker.agent, earlier)
        if earlier.id != speaker.certificate.id:
            _end(earlier, "superseded", at)
    granted = _grant(session, home, speaker.agent, wanted, None, at, life)
    _tell(
        session, speaker.agent, "agent.certificate_renewed", at, serial=granted.certificate.serial
    )
    return granted


def confirm(session: Session, speaker: Speaker, *, at: datetime) -> None:
    """The agent holds this certificate: every other one of it is superseded."""
    if speaker.certificate.confirmed_at is not None:
        return
    speaker.certificate.confirmed_at = at
    ended = []
    for other in _holding(session, speaker.agent.id):
        if other.id != speaker.certificate.id:
            _end(other, "superseded", at)
            ended.append(other.serial)
    _tell(
        session, speaker.agent, "agent.certificate_confirmed", at,
        serial=speaker.certificate.serial, superseded=ended,
    )  # fmt: skip


def end_all(session: Session, agent: Agent, at: datetime) -> None:
    """Let none of the agent's certificates hold any longer: it has been revoked."""
    for certificate in _holding(session, agent.id):
        _end(certificate, "revoked", at)


def _holding(session: Session, agent_id: int) -> list[AgentCertificate]:
    where = (AgentCertificate.agent_id == agent_id, AgentCertificate.ended_at.is_(None))
    return list(session.scalars(select(AgentCertificate).where(*where)))


def _unconfirmed(session: Session, agent: Agent) -> list[AgentCertificate]:
    return [one for one in _holding(session, agent.id) if one.confirmed_at is None]


def _end(certificate: AgentCertificate, why: str, at: datetime) -> None:
    certificate.ended_at, certificate.ended_why = at, why


def _tell(
    session: Session,
    agent: Agent,
    action: str,
    at: datetime,
    **facts: Any,  # noqa: ANN401  facts are JSON
) -> None:
    name = f"{agent.site}/{agent.code}"
    actor = Actor(id=agent.id, name=name, kind="agent", door="api")
    audit.record(session, actor, action, "agent", name, at=at, org_id=agent.org_id, **facts)


def authority_pem(home: Path, at: datetime) -> str:
    """Return the certificates of the authorities of this house, PEM, which everybody may know."""
    folders = [home / "ca", home / "ca-broker"]
    return "".join(
        certificates.authority(folder, at)[0].read_text("utf-8")
        for folder in folders
        if folder == folders[0] or (folder / "ca.crt").exists()
    )
