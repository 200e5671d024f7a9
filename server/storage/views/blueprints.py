"""The two blueprints of storage."""

from flask import Blueprint

pages = Blueprint("storage", __name__)
api = Blueprint("storage_api", __name__)
