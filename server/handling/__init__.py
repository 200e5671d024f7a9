"""Work at the freezer: labels, lists, stock-takes, shipments."""
