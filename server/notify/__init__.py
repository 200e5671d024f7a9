"""Who is told, in which order, until somebody answers."""
