"""Files of the OpenAPI examples, in base64: cut off after their first bytes, which say what they are."""

import base64

# The id that POST /sources answered with; `source` would take the file itself.
SOURCE = {"source_id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
MP4 = base64.b64encode(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41").decode()
WAV = base64.b64encode(b"RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0").decode()
MOTION = base64.b64encode(b'{"space": "arkit", "frames": [').decode()
