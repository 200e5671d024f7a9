"""Who changed what, when and by which door: append-only, sealed after the commit."""
