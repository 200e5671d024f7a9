"""The design system on one page, for those who write pages and for those who wonder."""

from flask import Blueprint, render_template

from server.kit.door import SIGNED_IN, require

blueprint = Blueprint("parts", __name__)


@blueprint.get("/parts")
@require(SIGNED_IN)
def parts() -> str:
    """Show every part of the pages once, with believable contents."""
    return render_template("kit/parts.html")
