"""Two permissions that no role needs to give."""

PUBLIC = "PUBLIC"
"""Anybody, signed in or not."""

SIGNED_IN = "SIGNED_IN"
"""Everybody who is signed in, whatever their roles."""
