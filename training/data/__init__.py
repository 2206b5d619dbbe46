"""The training data folder, made from pictures, videos and a checkout of ICT-FaceKit."""
