"""What is measured of speech: likelihood, lips, heads, quietness, variety, speed."""
