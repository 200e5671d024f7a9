"""The contract between agent and server, ck1. Standard library only."""
