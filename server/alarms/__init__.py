"""What people must do now: rules per channel, episodes, and the board."""
