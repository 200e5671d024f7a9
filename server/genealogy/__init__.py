"""One derivation graph over (kind, id), and the holds upon it; knows no other feature's tables."""
