"""The two blueprints of work at the freezer."""

from flask import Blueprint

pages = Blueprint("handling", __name__)
api = Blueprint("handling_api", __name__)
