"""Idempotency-Key: the same request again gets the same answer, and changes nothing twice."""

import hmac
import json
from hashlib import sha256

from flask import Response, g, request
from sqlalchemy import select

from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.kit.models import KeptAnswer
from server.kit.state import kit

HEADER = "Idempotency-Key"
LONGEST = 200
KEPT_HEADERS = ("ETag", "Location")
OTHER_BODY = N_(
    "The Idempotency-Key %(key)s was used before with another request. Take a new key for a new request."
)
TOO_LONG = N_("The Idempotency-Key has %(found)s characters; at most %(most)s are expected.")


def replay() -> Response | None:
    """Return the answer that this key was given before, or None where it is new or absent."""
    key = _key()
    if not key:
        return None
    same = select(KeptAnswer).where(KeptAnswer.person_id == g.actor.id, KeptAnswer.key == key)
    with g.reader() as session:  # the view may have slow work to do before it takes the write lock
        kept = session.scalar(same)
    if kept is None:
        return None
    if not hmac.compare_digest(kept.request_hash, _hash()):
        raise Conflict(Refusal("key_used", OTHER_BODY, {"key": key}))
    response = Response(kept.body, kept.status, json.loads(kept.headers), mimetype=kept.mimetype)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def remember(response: Response) -> None:
    """Keep this answer in the transaction of the change that it tells of."""
    key = _key()
    if not key or g.get("secret_answer", False):  # what is shown once must not lie about
        return
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    kept = KeptAnswer(
        person_id=g.actor.id, key=key, request_hash=_hash(), status=response.status_code,
        mimetype=response.mimetype or "", headers=json.dumps(headers), body=response.get_data(),
        at=g.clock.now(),
    )  # fmt: skip
    g.session.add(kept)


def _key() -> str:
    key = request.headers.get(HEADER, "")
    if not key or request.method != "POST" or not request.path.startswith("/api/"):
        return ""
    if len(key) > LONGEST:
        raise Invalid(Refusal("key_too_long", TOO_LONG, {"found": len(key), "most": LONGEST}))
    return key if g.actor.id is not None else ""


def _hash() -> str:
    """Return the request's keyed hash: a body may hold a password, which nobody shall guess from it."""
    parts = (request.method.encode(), request.full_path.encode(), request.get_data(cache=True))
    return hmac.new(kit().secret, b"\0".join(parts), sha256).hexdigest()
