"""What training and evaluation read: portraits, clips, recordings, and the landmarker that labels them."""

from models.runtime import prepare_libraries

prepare_libraries()  # before the modules of this package load any of them
