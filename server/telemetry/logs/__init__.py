"""Event logs of freezers' own controllers (MVE TS), brought in as history."""
