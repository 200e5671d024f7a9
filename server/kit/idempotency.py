"""The same request again gets the same answer, and changes nothing twice.

The API takes an Idempotency-Key in the header. A page's form carries a number of its own
(`ui.once()`): sent twice, whatever was typed, it leads to what the first one made.
"""

import hmac
import json
from hashlib import sha256
from secrets import token_urlsafe

from flask import Response, g, request
from sqlalchemy import bindparam, select

from server.core.errors import Conflict, Invalid, Refusal
from server.core.plain import Plain, whole_row
from server.core.words import N_
from server.kit import notices
from server.kit.i18n import gettext
from server.kit.models import KeptAnswer
from server.kit.state import kit

HEADER = "Idempotency-Key"
FIELD = "form_number"
LONGEST = 200
KEPT_HEADERS = ("ETag", "Location")
SENT_ALREADY = N_(
    "This form had been sent already; this is what came of it. Nothing was done twice."
)
OTHER_BODY = N_(
    "The Idempotency-Key %(key)s was used before with another request. Take a new key for a new request."
)
TOO_LONG = N_("The Idempotency-Key has %(found)s characters; at most %(most)s are expected.")


def replay() -> Response | None:
    """Return the answer that this key was given before, or None where it is new or absent."""
    key = _key()
    if not key:
        return None
    with g.reader() as session:  # the view may have slow work to do before it takes the write lock
        found = _KEPT.ask(session, person=g.actor.id, key=key).found()
    if not found:
        return None
    kept = found[0]
    if not hmac.compare_digest(kept.request_hash, _hash()):
        raise Conflict(Refusal("key_used", OTHER_BODY, {"key": key}))
    response = Response(kept.body, kept.status, json.loads(kept.headers), mimetype=kept.mimetype)
    response.headers["Idempotency-Replayed"] = "true"
    if not _is_api():
        notices.tell(gettext(SENT_ALREADY))
    return response


def remember(response: Response) -> None:
    """Keep this answer in the transaction of the change that it tells of."""
    key = _key()
    if not key or g.get("secret_answer", False):  # what is shown once must not lie about
        return
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    _KEEP.ask(
        g.session, person_id=g.actor.id, key=key, request_hash=_hash(), status=response.status_code,
        mimetype=response.mimetype or "", headers=json.dumps(headers), body=response.get_data(),
        at=g.clock.now(),
    )  # fmt: skip


_KEPT = Plain(
    select(*KeptAnswer.__table__.columns).where(
        KeptAnswer.person_id == bindparam("person"), KeptAnswer.key == bindparam("key")
    )
)
_KEEP = Plain(whole_row(KeptAnswer))


def form_number() -> str:
    """Return a new number for one form on a page."""
    return token_urlsafe(12)


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _key() -> str:
    if request.method != "POST" or g.actor.id is None:
        return ""
    key = request.headers.get(HEADER, "") if _is_api() else request.form.get(FIELD, "")
    if len(key) > LONGEST:
        raise Invalid(Refusal("key_too_long", TOO_LONG, {"found": len(key), "most": LONGEST}))
    return key if _is_api() or not key else f"form {key}"


def _hash() -> str:
    """Return the request's keyed hash: a body may hold a password, which nobody shall guess from it."""
    body = request.get_data(cache=True) if _is_api() else b""
    parts = (request.method.encode(), request.full_path.encode(), body)
    return hmac.new(kit().secret, b"\0".join(parts), sha256).hexdigest()
