"""Training as published: VoxCeleb videos to a renderer (paper, section 4 and its public code's schedule)."""
