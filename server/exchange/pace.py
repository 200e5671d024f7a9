"""How many rows a step takes: an alarm waits behind one step at most."""

TARGET_S = 0.065
"""What one writing step should take."""
LEAST_ROWS, FIRST_ROWS, MOST_ROWS = 250, 600, 4000


def paced(rows: int, took_s: float) -> int:
    """Return how many rows the next step takes, so that it takes about TARGET_S."""
    return int(
        min(max(rows * TARGET_S / max(took_s, 0.001), rows / 4, LEAST_ROWS), rows * 1.5, MOST_ROWS)
    )
