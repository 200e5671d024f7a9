"""The address of this house in letters, for views."""

from server.core.address import base_url

__all__ = ["base_url"]
