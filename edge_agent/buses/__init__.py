"""The wires between the agent and its probes: small protocols, and the libraries behind them."""
