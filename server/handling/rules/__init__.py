"""Decisions of work at the freezer: pure functions, one topic a module."""
