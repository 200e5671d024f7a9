"""Readers of rack scanners' files, one format a module: bytes in, lines out."""
