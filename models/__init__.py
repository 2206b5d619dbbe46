"""Portrait editing: coefficients, networks, and everything that turns inputs into motion and pictures."""
