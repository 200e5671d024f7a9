"""The two blueprints that the views of this feature hang on."""

from flask import Blueprint

pages = Blueprint("alarms", __name__)
api = Blueprint("alarms_api", __name__)
