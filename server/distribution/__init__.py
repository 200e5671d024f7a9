"""Who gets cells: the window, requests, picking and shipping."""
