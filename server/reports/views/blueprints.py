"""The two blueprints of reports."""

from flask import Blueprint

pages = Blueprint("reports", __name__)
api = Blueprint("reports_api", __name__)
