"""The studio in a browser that a program drives: for its film, its benchmark and its tests."""
