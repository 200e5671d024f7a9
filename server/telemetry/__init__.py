"""What freezers say: agents, channels, readings, events, and what was refused."""
