"""The paper's training: VoxCeleb videos to a renderer (section 4, and the schedule of the authors' code)."""
