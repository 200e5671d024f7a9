"""/healthz, /readyz and /metrics: for machines that watch this machine."""

import json
import logging
from datetime import timedelta

import msgspec
from flask import Blueprint, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from server.core.errors import Unauthenticated
from server.kit import answers
from server.kit.door import PUBLIC, SIGN_IN, admit, require
from server.telemetry.models import WorkerBeat
from server.web import metrics

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)
FRESH = timedelta(seconds=15)
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


class Part(msgspec.Struct):
    """One part that must be ready, and what is wrong with it if it is not."""

    ready: bool
    because: str = ""


@blueprint.get("/healthz")
@require(PUBLIC)
def healthz() -> Response:
    """Say that this process answers."""
    return answers.json({"up": True})


@blueprint.get("/readyz")
@require(PUBLIC)
def readyz() -> Response:
    """Say whether database, broker and worker are ready, each by name; 503 if one is not."""
    parts = _parts()
    ready = all(part.ready for part in parts.values())
    return answers.json({"ready": ready, **parts}, 200 if ready else 503)


@blueprint.get("/metrics")
@require(PUBLIC)  # to this machine; from elsewhere with a token that has system.read
def metrics_page() -> Response:
    """Give the figures in Prometheus' text format."""
    if not _from_this_machine():
        if not g.actor.signed_in:
            raise Unauthenticated(SIGN_IN)
        admit(g.actor, "system.read")
    with g.reader() as session:
        metrics.look(session, g.clock.now())
    return Response(generate_latest(metrics.REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _from_this_machine() -> bool:
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))
    return request.remote_addr in LOOPBACK and not forwarded


def _parts() -> dict[str, Part]:
    try:
        with g.reader() as session:
            beats = list(session.scalars(select(WorkerBeat)))
    except SQLAlchemyError as error:
        log.warning("database is not ready", extra={"error": str(error.__class__.__name__)})
        unknown = Part(ready=False, because="unknown while the database does not answer")
        return {
            "database": Part(ready=False, because="it does not answer"),
            "broker": unknown,
            "worker": unknown,
        }
    fresh = [beat for beat in beats if g.clock.now() - beat.at <= FRESH]
    connected = any(beat.broker_connected for beat in fresh)
    return {
        "database": Part(ready=True),
        "broker": Part(connected, "" if connected else _why_apart(fresh)),
        "worker": Part(bool(fresh), "" if fresh else f"no sign of life for {FRESH.seconds} s"),
    }


def _why_apart(beats: list[WorkerBeat]) -> str:
    """The broker's reason for refusing a worker, where it gave one."""
    reasons = [reason for beat in beats if (reason := json.loads(beat.facts).get("broker"))]
    return reasons[0] if reasons else "no worker is connected to it"
