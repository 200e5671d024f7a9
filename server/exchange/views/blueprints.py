"""The two blueprints of exchange, and how much a request to it may bring."""

from flask import Blueprint, request

from server.exchange.rules import LARGEST_BYTES

pages = Blueprint("exchange", __name__)
api = Blueprint("exchange_api", __name__)
FOR_THE_FORM = 64 * 1024


@pages.before_request
def allow_large_files() -> None:
    """Let a file be larger than any other body; it is stored in parts and never held as a whole."""
    if request.endpoint == "exchange.send":
        request.max_content_length = LARGEST_BYTES + FOR_THE_FORM
