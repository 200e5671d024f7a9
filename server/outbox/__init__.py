"""Letters that leave after the commit, and the channels that carry them."""
