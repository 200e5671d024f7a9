"""What the cells are: lines, their names, and the lots that were frozen of them."""
