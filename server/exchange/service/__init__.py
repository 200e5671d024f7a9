"""The verbs of exchange: imports are begun, mapped, applied, taken back; webhooks are set up and ended."""
