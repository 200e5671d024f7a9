"""The sheets: one for each kind of things that come in and go out in rows."""
