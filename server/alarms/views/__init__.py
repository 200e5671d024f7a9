"""The pages and the API of alarms, and what they put on other pages."""

from server.alarms.views import (
    answering,
    api_asides,
    api_drills,
    api_rules,
    api_trouble,
    api_types,
    asides,
    board,
    drills,
    episode,
    history,
    lateness,
    over,
    rules,
    stream,
    trial,
    trouble,
    types,
    warmth,
)
from server.alarms.views import api as api_views
from server.alarms.views.blueprints import api, pages
from server.alarms.views.elsewhere import register

__all__ = [
    "answering",
    "api",
    "api_asides",
    "api_drills",
    "api_rules",
    "api_trouble",
    "api_types",
    "api_views",
    "asides",
    "board",
    "drills",
    "episode",
    "history",
    "lateness",
    "over",
    "pages",
    "register",
    "rules",
    "stream",
    "trial",
    "trouble",
    "types",
    "warmth",
]
