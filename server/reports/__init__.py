"""What the whole bank looks like: how full, how old, what it holds, when it is full, what could be put together."""
