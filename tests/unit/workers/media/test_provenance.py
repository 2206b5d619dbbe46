"""Every finished file says that an algorithm composed it; read back with other code than wrote it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image

from workers.media.clip import ClipWriter
from workers.media.clock import Clock
from workers.media.still import write_still

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
Packets = Callable[[bytes], Iterator[bytes]]
PIXELS = np.random.default_rng(3).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def source_type(packet: bytes) -> str:
    """What an XMP packet says, as any reader of RDF finds it."""
    description = ElementTree.fromstring(packet.strip(b"\x00")).find(
        ".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
    )
    assert description is not None
    return description.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]


def jpeg_packets(data: bytes) -> Iterator[bytes]:
    at = 2
    while data[at + 1] != 0xDA:  # the scan
        (size,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at + 4 : at + 2 + size]
        if data[at + 1] == 0xE1 and segment.startswith(b"http://ns.adobe.com/xap/1.0/\x00"):
            yield segment.partition(b"\x00")[2]
        at += 2 + size


def png_packets(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        keyword, _, rest = data[at + 8 : at + 8 + size].partition(b"\x00")
        if kind == b"iTXt" and keyword == b"XML:com.adobe.xmp":
            assert rest[:4] == bytes(4), "not compressed, of no language"
            yield rest[4:]
        at += 12 + size


def webp_packets(data: bytes) -> Iterator[bytes]:
    at = 12
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"XMP ":
            yield data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def mp4_packets(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"uuid" and data[at + 8 : at + 24].hex() == "be7acfcb97a942e89c71999491e3afac":
            yield data[at + 24 : at + size]
        at += size


def gif_packets(data: bytes) -> Iterator[bytes]:
    """Of the last extension before the trailer. The packet ends where a reader of sub-blocks would be caught."""
    begin = data.index(b"!\xff\x0bXMP DataXMP") + 14
    at = begin
    while data[at]:
        at += 1 + data[at]
    assert data[at + 1 :] == b";", "who skips sub-blocks finds the end of the file"
    yield data[begin : data.index(b"\x01\xff\xfe", begin)]


@pytest.mark.parametrize(
    ("kind", "packets"),
    [("jpeg", jpeg_packets), ("png", png_packets), ("webp", webp_packets)],
    ids=["jpeg", "png", "webp"],
)
def test_stills_say_it_in_xmp(kind: str, packets: Packets) -> None:
    file = io.BytesIO()
    write_still(file, PIXELS, kind)
    assert [source_type(packet) for packet in packets(file.getvalue())] == [IPTC]
    with Image.open(file) as image:
        image.load()
        assert source_type(image.info["xmp"]) == IPTC, "as Pillow reads it"
        if kind == "png":
            assert (np.asarray(image) == PIXELS).all(), "a picture in which nothing was changed says it too"


def written(folder: Path, kind: str) -> Path:
    path = folder / f"clip.{kind}"
    with ClipWriter(path, kind, Clock.even(3, 10)) as writer:
        for shift in range(3):
            writer.write(np.roll(PIXELS, shift, axis=1))
    return path


@pytest.mark.parametrize(("kind", "packets"), [("mp4", mp4_packets), ("gif", gif_packets)], ids=["mp4", "gif"])
def test_clips_say_it_in_xmp(tmp_path: Path, kind: str, packets: Packets) -> None:
    path = written(tmp_path, kind)
    assert [source_type(packet) for packet in packets(path.read_bytes())] == [IPTC]
    with av.open(str(path)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 3


def test_a_gif_loops_and_ends_as_before_for_other_readers(tmp_path: Path) -> None:
    with Image.open(written(tmp_path, "gif")) as image:
        assert (image.n_frames, image.info["loop"]) == (3, 0)
        image.seek(2)
        image.load()


@pytest.mark.parametrize(("kind", "name"), [("mp4", "description"), ("webm", "DESCRIPTION")])
def test_videos_say_it_in_their_description(tmp_path: Path, kind: str, name: str) -> None:
    with av.open(str(written(tmp_path, kind))) as clip:
        assert clip.metadata[name] == IPTC
