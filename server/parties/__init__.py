"""Organisations, and the places to which they have cells sent."""
