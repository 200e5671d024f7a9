"""What a container's page says of the container itself: its type, its height, what may go into it."""

from flask import g

from server.kit.i18n import gettext
from server.storage import queries
from server.storage.container_types import WORDS
from server.storage.models import Container
from server.storage.views.limit_words import limit_rows

Row = tuple[str, str]


def about(found: Container) -> list[Row]:
    """Return the facts of a container that are known, as (what, value)."""
    rows: list[Row] = []
    if found.type is not None:
        word = gettext(WORDS.get(found.type.word, found.type.word))
        rows.append((gettext("Type"), f"{found.type.code} · {word}"))
    height = queries.height_mm(g.session, found) if found.kind != "freezer" else None
    if height is not None:
        above = gettext("%(mm)s mm above the floor of its freezer", mm=f"{height:g}")
        rows.append((gettext("Height"), above))
    if found.size_class:
        rows.append((gettext("Size class"), found.size_class))
    if found.mobile:
        rows.append((gettext("Travels"), gettext("nothing is kept in it for long")))
    return rows + limit_rows(queries.limits_of(g.session, [found.id])[found.id])
