"""Data in and out: bulk imports, exports, ready mappings of other systems, webhooks of the API."""
