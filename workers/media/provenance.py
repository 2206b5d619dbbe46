"""What every finished picture and clip says of itself: that an algorithm composed it with a real picture.

It stands as XMP where the format has a place for it, and as the description of a clip. Nothing turns it off.
"""

import os
import struct
from pathlib import Path

# IPTC's term for a picture that was edited with a trained model.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
   Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
XMP = _XMP.encode()
"""The packet, UTF-8."""

# XMP Specification Part 3: the box of an MP4, and the application extension of a GIF.
_MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_GIF_XMP = b"!\xff\x0bXMP DataXMP"
_GIF_END = b";"
# A reader that takes the packet for sub-blocks with a length each lands in this run and leaves at its zero.
_GIF_RUN = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def add_to_mp4(path: Path) -> None:
    """Append XMP to a finished MP4: FFmpeg writes none."""
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(_MP4_XMP) + len(XMP), b"uuid") + _MP4_XMP + XMP)


def add_to_gif(path: Path) -> None:
    """Put XMP before the end of a finished GIF: FFmpeg writes none."""
    with path.open("r+b") as file:
        file.seek(-len(_GIF_END), os.SEEK_END)
        file.write(_GIF_XMP + XMP + _GIF_RUN + _GIF_END)
