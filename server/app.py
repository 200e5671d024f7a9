"""The web application: features, identity, errors and the frame, put together by hand."""

from pathlib import Path
from typing import cast

from flask import Flask, g
from jinja2 import FileSystemLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from server.accounts import views as accounts
from server.alarms import views as alarms
from server.audit import views as audit
from server.catalogue import views as catalogue
from server.core import catalogues
from server.core.clock import Clock, SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.core.wake import Waker
from server.distribution import views as distribution
from server.exchange import views as exchange
from server.handling import views as handling
from server.kit import frame, headers
from server.kit.desk import Desk
from server.kit.state import NAME, Kit
from server.notify import views as notify
from server.outbox import views as outbox
from server.parties import views as parties
from server.reports import views as reports
from server.storage import views as storage
from server.telemetry import views as telemetry
from server.web import (
    errors,
    health,
    home,
    identity,
    metrics,
    openapi,
    parts,
    secret,
    static_files,
    tank_worker,
    zone,
)

SERVER = Path(__file__).parent
API = "/api/v1"
LARGEST_BODY = 16 * 1024 * 1024
FEATURES = (
    audit,
    parties,
    accounts,
    notify,
    outbox,
    catalogue,
    storage,
    handling,
    telemetry,
    alarms,
    distribution,
    exchange,
    reports,
)


class Number(IntegerConverter):
    """A number of a row in an address; one that no column can hold is no such page."""

    regex = r"\d{1,18}"


def create_app(
    settings: Settings, database: Database, clock: Clock | None = None, waker: Waker | None = None
) -> Flask:
    """Return the application; it begins no process and reads no environment."""
    catalogues.load()
    app = Flask("server", root_path=str(SERVER), static_folder=None)
    app.app_ctx_globals_class = Desk
    kit = Kit(settings, database, clock or SystemClock(), waker, secret.read(settings.home))
    app.extensions[NAME] = kit
    _configure(app, kit)
    for part in (metrics, identity, headers, errors, frame, static_files):
        part.install(app)
    kit.zone.provide(zone.of)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(home.blueprint)
    home.register(kit)
    app.register_blueprint(parts.blueprint)
    app.register_blueprint(tank_worker.blueprint)
    _add_features(app, kit)
    openapi.install(app, API)
    return app


def _configure(app: Flask, kit: Kit) -> None:
    app.config.update(
        SECRET_KEY=kit.secret,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="ck_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=_is_https(kit.settings),
    )
    app.jinja_loader = FileSystemLoader(sorted(SERVER.glob("*/templates")))
    app.url_map.converters["int"] = Number
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.teardown_appcontext(lambda _error: _let_go())
    if count := kit.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # Flask's documented way


def _is_https(settings: Settings) -> bool:
    own = settings.tls_cert is not None or not settings.loopback_only
    return own or settings.public_url.startswith("https:")


def _let_go() -> None:
    """Close a session that a view without a door, or a failed template, has left open."""
    cast("Desk", g).finish(keep=False)


def _add_features(app: Flask, kit: Kit) -> None:
    for views in FEATURES:
        app.register_blueprint(views.pages)
        if api := getattr(views, "api", None):
            app.register_blueprint(api, url_prefix=API)
        if register := getattr(views, "register", None):
            register(kit)
