"""The authors' files to a bundle: official checkpoints read safely, every tensor accounted for by name."""
