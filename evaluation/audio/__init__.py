"""What is measured of speech: likelihood, lips, heads, lips in silence, variety, speed."""
