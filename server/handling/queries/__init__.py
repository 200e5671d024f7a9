"""Reads of work at the freezer."""
