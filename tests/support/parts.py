"""The templates of kit with stand-ins for what the app gives them, and a small server that shows them.

The islands and the parts are tested here without the app: what fails here fails on every page.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, Response, abort, request, send_from_directory
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from server.core import catalogues, words

SERVER = Path(__file__).parents[2] / "server"
DIST = SERVER / "web/static/dist"
MANIFEST = DIST / ".vite/manifest.json"
AXE = SERVER.parent / "node_modules/axe-core/axe.min.js"
POLICY = "default-src 'self'; style-src 'self'; img-src 'self' data:"
HOUR_MS = 3_600_000


def environment(language: str = "en", path: str = "/parts") -> Environment:
    """Return a Jinja environment that refuses undefined names, in this language."""
    catalogues.load()
    made = Environment(
        loader=FileSystemLoader(SERVER / "kit/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        lambda text: words.translate(language, text),
        lambda one, many, n: words.translate(language, one if n == 1 else many),
        newstyle=True,
    )
    made.globals.update(
        csrf_token=lambda: "token",
        asset=asset,
        url_for=lambda _endpoint, filename: f"/static/{filename}",
        request=Request(EnvironBuilder(path).get_environ()),
    )
    made.filters.update(number=lambda n: f"{n:,}", ago=lambda _at: "0 s")
    return made


def asset(name: str) -> str | None:
    """Return the address of a built script, or None where nothing is built."""
    if not MANIFEST.exists():
        return None
    return "/dist/" + str(json.loads(MANIFEST.read_text())[f"frontend/{name}"]["file"])


def context(language: str = "en", **more: object) -> dict[str, object]:
    """Return what base.html is given, with a critical alarm in the strip."""
    strip = {
        "severity": "critical",
        "what": "LN2-03",
        "text": "−142.1 °C",
        "note": "3,412",
        "more": 2,
    }
    return {
        "language": language,
        "scheme": "",
        "actor": SimpleNamespace(name="Li Wei"),
        "nav": [("Home", "/", False), ("Freezers", "/freezers", True)],
        "strip": strip,
        "strip_stream": None,
        "notices": [{"text": "Moved.", "undo_url": "/undo"}],
        "now": datetime.now(UTC),
        **more,
    }


def render(template: str, language: str = "en", **more: object) -> str:
    """Return a template of kit as HTML."""
    path = str(more.pop("path", "/parts"))
    return environment(language, path).get_template(template).render(context(language, **more))


def render_text(source: str, language: str = "en", **more: object) -> str:
    """Return a page written in the test, which may use every part as `ui`."""
    page = '{% extends "kit/base.html" %}{% import "kit/ui.html" as ui %}{% block main %}' + source
    template = environment(language).from_string(page + "{% endblock %}")
    return template.render(context(language, **more))


def series(first: int, last: int) -> Mapping[str, object]:
    """Return a chart's answer: 60 readings with a gap, a limit and an open lid."""
    times = [first + (last - first) * i // 60 for i in range(60)]
    mean = [None if 20 <= i < 25 else -178.0 + i / 10 for i in range(60)]
    high = [None if value is None else value + 0.5 for value in mean]
    top = {"key": "top_c", "label": "Top", "unit": "°C", "t": times}
    return {
        "from": first,
        "to": last,
        "bucket_ms": (last - first) // 60,
        "series": [{**top, "mean": mean, "min": mean, "max": high}],
        "limits": [{"value": -150, "kind": "high", "severity": "critical", "label": "−150"}],
        "bands": [{"kind": "lid", "from": times[5], "to": times[6]}],
        "excursions": [
            {
                "severity": "critical",
                "label": "Top probe",
                "url": "/alarms/1",
                "from": times[40],
                "to": times[44],
            }
        ],
        "minutes_before": None,
        "hours_before": None,
        "truncated": False,
    }


class Shown:
    """A running server; `pages` maps a path to HTML, `events` are sent to whoever listens."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, str] = {}
        self.events: list[tuple[str, str]] = []
        self.found: list[str] = []
        self.posted: list[str] = []
        self.streaming = True

    def stream(self) -> Iterator[str]:
        """Send each event once to this listener, for as long as streaming is wanted."""
        sent = 0
        while self.streaming:
            for name, html in self.events[sent:]:
                yield f"event: {name}\n" + "".join(f"data: {line}\n" for line in html.splitlines())
                yield "\n"
            sent = len(self.events)
            yield "event: ping\ndata:\n\n"
            time.sleep(0.05)


def _app(shown: Shown) -> Flask:
    app = Flask("parts", static_folder=None)

    @app.get("/static/<path:name>")
    def static(name: str) -> Response:
        return send_from_directory(SERVER / "kit/static", name)

    @app.get("/dist/<path:name>")
    def dist(name: str) -> Response:
        return send_from_directory(DIST, name)

    @app.get("/find")
    def find() -> str:
        shown.found.append(request.args["q"])
        return render("kit/parts.html")

    @app.get("/stream")
    def stream() -> Response:
        if not shown.streaming:
            abort(503)
        return Response(shown.stream(), mimetype="text/event-stream")

    @app.get("/series")
    def history() -> Mapping[str, object]:
        if "from" in request.args:
            return series(int(request.args["from"]), int(request.args["to"]))
        hours = 1 if request.args["range"] == "1h" else 24
        last = int(time.time() * 1000)
        return series(last - hours * HOUR_MS, last)

    @app.get("/<path:name>")
    def page(name: str) -> Response:
        if name not in shown.pages:
            abort(404)
        return Response(shown.pages[name], headers={"Content-Security-Policy": POLICY})

    @app.post("/<path:name>")
    def post(name: str) -> tuple[str, int]:
        shown.posted.append(name)
        return "", 204

    return app


@contextmanager
def running() -> Iterator[Shown]:
    """Serve on a free port of this machine until the block ends."""
    shown = Shown("")
    server = make_server("127.0.0.1", 0, _app(shown), threaded=True)
    server.daemon_threads = True
    shown.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        shown.streaming = False
        server.shutdown()
        server.server_close()
        thread.join(5)
