"""Cryokeep's server: a cell repository's vials, and the freezers that they live in."""
