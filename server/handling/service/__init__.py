"""Verbs of work at the freezer."""
