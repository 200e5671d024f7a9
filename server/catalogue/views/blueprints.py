"""The two blueprints of the catalogue."""

from flask import Blueprint

pages = Blueprint("catalogue", __name__)
api = Blueprint("catalogue_api", __name__)
