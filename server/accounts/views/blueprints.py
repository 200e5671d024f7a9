"""The two blueprints of people."""

from flask import Blueprint

pages = Blueprint("accounts", __name__)
api = Blueprint("accounts_api", __name__)
