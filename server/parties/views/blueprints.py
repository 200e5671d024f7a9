"""The two blueprints of organisations."""

from flask import Blueprint

pages = Blueprint("parties", __name__)
api = Blueprint("parties_api", __name__)
