"""The two blueprints of the feature; the API's lies under /api/v1."""

from flask import Blueprint, request

from server.notify.calendars import MOST_BYTES

pages = Blueprint("notify", __name__)
api = Blueprint("notify_api", __name__)
FOR_THE_FORM = 64 * 1024


@pages.before_request
def allow_calendars() -> None:
    """Let a calendar file be as large as one that is read."""
    if request.endpoint == "notify.bring_calendar":
        request.max_content_length = MOST_BYTES + FOR_THE_FORM
