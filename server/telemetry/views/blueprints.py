"""The two blueprints that the views of this feature hang on."""

from flask import Blueprint

pages = Blueprint("telemetry", __name__)
api = Blueprint("telemetry_api", __name__)
