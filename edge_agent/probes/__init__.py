"""Probes: one device each. A fault is a reading too."""
