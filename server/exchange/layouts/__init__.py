"""Layouts: the columns of our own sheets, and ready mappings of other systems' files onto them."""
