"""The HTTP side: requests in, jobs out. Knows the workers by their contract only."""
