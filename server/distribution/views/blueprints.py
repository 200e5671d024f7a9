"""The two blueprints of distribution."""

from flask import Blueprint

pages = Blueprint("distribution", __name__)
api = Blueprint("distribution_api", __name__)
