"""The tables of exchange: imports with their staged rows, kept words of other systems, webhooks."""

from server.exchange.models.imports import (
    Import,
    ImportChunk,
    ImportEffect,
    ImportMapping,
    ImportProblem,
    ImportRow,
)
from server.exchange.models.kept import ForeignRow
from server.exchange.models.webhooks import Webhook

__all__ = [
    "ForeignRow",
    "Import",
    "ImportChunk",
    "ImportEffect",
    "ImportMapping",
    "ImportProblem",
    "ImportRow",
    "Webhook",
]
