"""The limits that both ends keep."""

SENT_BYTES = 128 * 1024
"""A payload as sent, in bytes."""
UNPACKED_BYTES = 1024 * 1024
"""A payload after zlib; the unpacker stops here."""
ROWS = 2_000
"""Rows (or events) in one message."""
CHANNELS = 64
"""Channels in one message."""
MORE_RANGES = 500
"""Ranges beside `upto` in one ack."""
SEQ_MAX = 2**53 - 1
"""The highest row number: the highest whole number that every JSON reader keeps exactly."""
EARLIEST_MS = 946_684_800_000
"""2000-01-01 UTC: no dated row is older."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01 UTC: no dated row is younger."""
UPTIME_MAX_MS = LATEST_MS - EARLIEST_MS
"""An undated row counts from its boot's own zero; no boot lasts longer than a century."""
