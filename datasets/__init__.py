"""What training and evaluation read: portraits, clips, recordings, and the landmarker that labels them."""
