"""How well a bundle does what it says, as tables and pictures: `python -m evaluation`."""
