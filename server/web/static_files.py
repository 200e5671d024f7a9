"""What Vite has built, and where a page finds it."""

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, send_from_directory, url_for

from server.kit.door import PUBLIC, require

DIST = Path(__file__).parent / "static" / "dist"
MANIFEST = DIST / ".vite" / "manifest.json"
YEAR_S = 31_536_000

blueprint = Blueprint("web", __name__, template_folder="templates")


@blueprint.get("/dist/<path:name>")
@require(PUBLIC)
def built(name: str) -> Response:
    """Send a built file; its name changes with its content, so browsers keep it."""
    response = send_from_directory(DIST, name, max_age=YEAR_S)
    response.cache_control.immutable = name.startswith("assets/")
    return response


def asset(name: str) -> str | None:
    """Return the address of an entry such as "app.ts", or None where nothing has been built."""
    entry = _manifest().get(f"frontend/{name}")
    return url_for("web.built", name=entry["file"]) if entry else None


@cache
def _manifest() -> dict[str, dict[str, str]]:
    if not MANIFEST.exists():
        return {}
    manifest: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text())
    return manifest


def install(app: Flask) -> None:
    """Serve the built files and let templates ask for their addresses."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset=asset)
