"""The service worker of the page at the tank: the built script, headed by what it has to keep for this build."""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, url_for

from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit.door import PUBLIC, require
from server.web.static_files import DIST, MANIFEST

SCRIPT = "tank_worker.js"
SCOPE = "/tank"
KIT = Path(__file__).parent.parent / "kit" / "static"
LOOKS = ("cryokeep.css", "cryokeep.svg")

blueprint = Blueprint("tank_worker", __name__)


@blueprint.get("/tank/worker.js")
@require(
    PUBLIC
)  # a script, the same for everybody; what it keeps is asked for with the person's own cookie
def worker() -> Response:
    """Send the service worker; it may look after the page at the tank alone."""
    if not (DIST / SCRIPT).exists():
        because = N_("The pages' scripts have not been built, so nothing can be kept on a device.")
        raise NotFound(Refusal("not_built", because))
    kept = {"build": build(), "page": "/tank/offline", "files": _files()}
    script = (DIST / SCRIPT).read_text(encoding="utf-8")
    response = Response(f"self.KEPT = {json.dumps(kept)};\n{script}", mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = SCOPE
    return response


@cache
def build() -> str:
    """Return a word for everything that the page is made of; another build has another word."""
    digest = sha256()
    for path in (MANIFEST, DIST / SCRIPT, *(KIT / name for name in LOOKS)):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:12]


def _files() -> list[str]:
    """Return the addresses of all that the page needs beside itself."""
    manifest: dict[str, dict[str, object]] = json.loads(MANIFEST.read_text())
    built = sorted({str(entry["file"]) for entry in manifest.values()})
    return [
        *(url_for("kit.static", filename=name) for name in LOOKS),
        *(url_for("web.built", name=name) for name in built),
    ]
