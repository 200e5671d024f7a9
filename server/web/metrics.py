"""The figures that /metrics gives: requests of this process, and the state that all share."""

from datetime import datetime
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.alarms.models import Episode
from server.outbox.models import Letter
from server.telemetry.models import RejectedMessage, WorkerBeat

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "cryokeep_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "cryokeep_request_seconds", "Seconds until a request was answered", ["route"], registry=REGISTRY
)
LETTERS = Gauge("cryokeep_letters_waiting", "Letters that have not left yet", registry=REGISTRY)
EPISODES = Gauge(
    "cryokeep_episodes_unacknowledged", "Alarms that nobody has acknowledged", registry=REGISTRY
)
PATH_OFF = Gauge(
    "cryokeep_alarm_path_off",
    "Ways in which alarms may reach nobody now",
    registry=REGISTRY,
)
REJECTED = Gauge(
    "cryokeep_messages_rejected", "Messages of agents that were refused, ever", registry=REGISTRY
)
WORKER_AGE = Gauge(
    "cryokeep_worker_beat_age_seconds",
    "Since a worker last said that it lives",
    ["worker"],
    registry=REGISTRY,
)
WORKER_BROKER = Gauge(
    "cryokeep_worker_broker_connected",
    "1 while this worker is connected to the broker",
    ["worker"],
    registry=REGISTRY,
)


def install(app: Flask) -> None:
    """Count and time the requests of the app."""

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        REQUESTS.labels(request.method, route, response.status_code).inc()
        if "began" in g:
            SECONDS.labels(route).observe(perf_counter() - g.began)
        return response


def look(session: Session, now: datetime) -> None:
    """Read the state that all processes share into the gauges."""
    waiting = select(func.count()).select_from(Letter).where(Letter.state == "waiting")
    open_ = (
        select(func.count())
        .select_from(Episode)
        .where(Episode.acknowledged_at.is_(None), Episode.drill == "")
    )
    path_off = (
        select(func.count())
        .select_from(Episode)
        .where(Episode.kind == "path_off", Episode.cleared_at.is_(None))
    )
    PATH_OFF.set(session.scalar(path_off) or 0)
    LETTERS.set(session.scalar(waiting) or 0)
    EPISODES.set(session.scalar(open_) or 0)
    REJECTED.set(session.scalar(select(func.coalesce(func.sum(RejectedMessage.times), 0))) or 0)
    for beat in session.scalars(select(WorkerBeat)):
        WORKER_AGE.labels(beat.name).set((now - beat.at).total_seconds())
        WORKER_BROKER.labels(beat.name).set(beat.broker_connected)
