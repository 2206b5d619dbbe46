"""`make demo`: a client over HTTP, and what it shows."""
