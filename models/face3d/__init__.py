"""The 3DMM: model, pose, fitting to landmarks, rasterising, mouth and eyes."""
