"""The two blueprints of the record."""

from flask import Blueprint

pages = Blueprint("audit", __name__)
api = Blueprint("audit_api", __name__)
