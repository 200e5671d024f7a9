"""Messages that were refused: kept with the reason, so that a person can look."""

from typing import Any

from flask import g, render_template
from sqlalchemy import Select, select

from server.accounts.queries import visible
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit.door import require
from server.telemetry.models import RejectedMessage
from server.telemetry.views.blueprints import pages
from server.telemetry.views.lists import Sorts, list_page

PERMISSION = "telemetry.manage"
SORTS: Sorts = {
    "last": RejectedMessage.last_at,
    "topic": RejectedMessage.topic,
    "code": RejectedMessage.code,
    "size": RejectedMessage.size,
    "times": RejectedMessage.times,
}


def _seen() -> Select[Any]:
    return visible(select(RejectedMessage), g.actor, PERMISSION, RejectedMessage.org_id)


@pages.get("/rejected")
@require(PERMISSION)
def rejected() -> str:
    """List the kept messages; those of nobody known are seen by whoever manages all organisations."""
    page = list_page(g.session, _seen(), SORTS, "last", tie=RejectedMessage.id.desc(), down=True)
    return render_template("telemetry/rejected.html", page=page)


@pages.get("/rejected/<int:number>")
@require(PERMISSION)
def rejected_message(number: int) -> str:
    """Show one kept message as text and as bytes."""
    found: RejectedMessage | None = g.session.scalars(
        _seen().where(RejectedMessage.id == number)
    ).first()
    if found is None:
        because = N_("There is no kept message %(number)s; old ones are forgotten after 90 days.")
        raise NotFound(Refusal("no_such_message", because, {"number": number}))
    return render_template(
        "telemetry/rejected_message.html",
        message=found,
        text=as_text(found.payload),
        lines=as_hex(found.payload),
    )


def as_text(payload: bytes) -> str:
    """Return the payload as text, or nothing where it is none that a person could read."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        if error.end < len(payload) - 3:  # not only a character that was cut in two at the end
            return ""
        text = payload[: error.start].decode()
    return text if text.isprintable() or all(c.isprintable() or c in "\r\n\t" for c in text) else ""


def as_hex(payload: bytes, width: int = 16, most: int = 512) -> list[tuple[str, str, str]]:
    """Return lines of (offset, bytes in hexadecimal, what of them can be printed)."""
    rows = range(0, min(len(payload), most), width)
    return [
        (f"{at:04x}", payload[at : at + width].hex(" "), _printed(payload[at : at + width]))
        for at in rows
    ]


def _printed(part: bytes) -> str:
    return "".join(chr(b) if 32 <= b < 127 else "·" for b in part)
