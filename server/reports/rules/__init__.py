"""Decisions of reports: pure functions, one topic a module."""
