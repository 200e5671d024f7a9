"""The worker: takes what agents publish, judges it, and does what the clock asks for."""
