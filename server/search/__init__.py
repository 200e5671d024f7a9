"""Words by which things are found: one index for both databases."""
