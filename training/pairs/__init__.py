"""Training pairs: generated from still photos, made of real pictures, stored, and read as batches."""
