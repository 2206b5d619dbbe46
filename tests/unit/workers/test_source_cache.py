"""What the cache of read photos keeps, and what it lets go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from prometheus_client import REGISTRY

from models.extractor import Crop, Face
from models.portrait import Source
from models.prepared_photo import PreparedPhoto, Way
from workers.contract.kinds.common import FaceChoice
from workers.source_cache import ENTRY_BYTES, SourceCache, SourceKey

PIXELS = 30_000
ENTRY = PIXELS + ENTRY_BYTES


def photo(pixels: int = PIXELS) -> Source:
    face = Face((1.0, 2.0, 3.0, 4.0), 0.9, np.zeros((5, 2)))
    image = np.zeros((1, pixels // 3, 3), np.uint8)
    return Source(image, face, Crop(0, 0, 64), np.zeros(59, np.float32), np.zeros((478, 2), np.float32))


def key(source_id: str, owner: str = "me", face: FaceChoice | Literal["all"] = 0) -> SourceKey:
    return SourceKey(owner, source_id, face)


def kept(cache: SourceCache, *names: str) -> list[str]:
    return [name for name in names if cache.get(key(name)) is not None]


def test_the_same_photo_comes_back() -> None:
    cache, source = SourceCache(ENTRY), photo()
    assert cache.get(key("a")) is None
    cache.put(key("a"), [source])
    assert cache.get(key("a")) == [source]


def test_those_not_used_for_longest_go_first() -> None:
    cache = SourceCache(2 * ENTRY)
    cache.put(key("a"), [photo()])
    cache.put(key("b"), [photo()])
    assert kept(cache, "a"), "used again"
    cache.put(key("c"), [photo()])
    assert kept(cache, "a", "b", "c") == ["a", "c"]


def test_the_bytes_bound_all_entries_together() -> None:
    cache = SourceCache(3 * ENTRY)
    for name in "abc":
        cache.put(key(name), [photo()])
    cache.put(key("d"), [photo(2 * PIXELS)])
    assert kept(cache, "a", "b", "c", "d") == ["c", "d"]


def test_a_photo_put_twice_counts_once() -> None:
    cache = SourceCache(2 * ENTRY)
    for name in "abbb":
        cache.put(key(name), [photo()])
    assert kept(cache, "a", "b") == ["a", "b"]


@pytest.mark.parametrize(("max_bytes", "pixels"), [(ENTRY - 1, PIXELS), (0, 3)])
def test_what_is_larger_than_the_bound_is_not_kept(max_bytes: int, pixels: int) -> None:
    cache = SourceCache(max_bytes)
    cache.put(key("a"), [photo(pixels)])
    assert not kept(cache, "a")


def test_a_photo_that_is_too_large_drives_nobody_out() -> None:
    cache = SourceCache(2 * ENTRY)
    cache.put(key("a"), [photo()])
    cache.put(key("b"), [photo(4 * PIXELS)])
    assert kept(cache, "a", "b") == ["a"]


def test_owners_photos_and_faces_are_apart() -> None:
    cache = SourceCache(9 * ENTRY)
    cache.put(key("a"), [photo()])
    assert cache.get(key("a", owner="you")) is None
    assert cache.get(key("b")) is None
    assert cache.get(key("a", face=1)) is None


def test_a_forgotten_photo_is_gone_with_all_its_faces_and_its_bytes() -> None:
    cache = SourceCache(3 * ENTRY)
    for known in (key("a"), key("a", face=1), key("a", owner="you")):
        cache.put(known, [photo()])
    cache.forget("me", "a")
    assert [cache.get(key("a")), cache.get(key("a", face=1))] == [None, None]
    assert cache.get(key("a", owner="you")) is not None
    cache.put(key("b"), [photo()])
    cache.put(key("c"), [photo()])
    assert kept(cache, "b", "c") == ["b", "c"]
    assert cache.get(key("a", owner="you")) is not None


def test_nobody_can_draw_into_what_is_kept() -> None:
    cache, source = SourceCache(ENTRY), photo()
    cache.put(key("a"), [source])
    with pytest.raises(ValueError, match="read-only"):
        source.image[:] = 1


def test_threads_do_not_break_the_count() -> None:
    cache = SourceCache(4 * ENTRY)

    def use(number: int) -> None:
        name = key(str(number % 7))
        if cache.get(name) is None:
            cache.put(name, [photo()])
        if number % 11 == 0:
            cache.forget("me", name.source_id)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(2000)))
    for name in "wxyz":  # as many as fit after all that: no byte was lost or counted twice
        cache.put(key(name), [photo()])
    assert kept(cache, "w", "x", "y", "z") == ["w", "x", "y", "z"]


def test_every_face_of_a_photo_that_was_read_whole_is_found_by_its_index() -> None:
    cache, first = SourceCache(9 * ENTRY), photo()
    second = replace(first, sharpness=0.5)
    cache.put(key("a", face="all"), [first, second])
    assert cache.get(key("a", face=1)) == [second]
    assert cache.get(key("a", face="all")) == [first, second]
    assert cache.get(key("a", face=2)) is None
    assert cache.get(key("a", face="largest")) is None, "that is looked for in another way"


def test_faces_of_one_picture_count_it_once_and_another_face_needs_no_decoding() -> None:
    cache, first = SourceCache(9 * ENTRY), photo()
    assert cache.picture("me", "a") is None
    cache.put(key("a"), [first])
    cache.put(key("a", face="all"), [replace(first), replace(first)])
    assert cache.nbytes() == PIXELS + 3 * ENTRY_BYTES
    assert cache.picture("me", "a") is first.image
    assert cache.picture("you", "a") is None


def test_a_photo_without_a_face_is_not_kept() -> None:
    cache = SourceCache(9 * ENTRY)
    cache.put(key("a", face="all"), [])
    assert cache.get(key("a", face="all")) is None


def test_what_drawing_has_prepared_counts_and_drives_older_photos_out() -> None:
    cache, grows = SourceCache(3 * ENTRY), photo()
    for name, source in (("a", photo()), ("b", photo()), ("c", grows)):
        cache.put(key(name), [source])
    drawn = PreparedPhoto(grows.crop, torch.zeros(ENTRY, dtype=torch.uint8), *[None] * 3)  # type: ignore[arg-type]
    grows.prepared.get(Way(cache, 256, layers=True), lambda: drawn)
    assert cache.nbytes() == 4 * ENTRY
    assert kept(cache, "c", "b", "a") == ["c", "b"]
    assert cache.nbytes() == 3 * ENTRY


def test_what_drawing_has_prepared_is_counted_and_weighed_in_the_metrics() -> None:
    def lookups() -> list[float]:
        name = "portrait_worker_prepared_photo_lookups_total"
        return [REGISTRY.get_sample_value(name, {"result": result}) or 0 for result in ("hit", "miss")]

    cache, source = SourceCache(3 * ENTRY), photo()
    cache.put(key("a"), [source])
    hits, misses = lookups()
    drawn = PreparedPhoto(source.crop, torch.zeros(100, dtype=torch.uint8), *[None] * 3)  # type: ignore[arg-type]
    for size in (256, 384, 256):
        source.prepared.get(Way(cache, size, layers=True), lambda: drawn)
    assert lookups() == [hits + 1, misses + 2]
    assert REGISTRY.get_sample_value("portrait_worker_prepared_photo_bytes") == cache.prepared_nbytes() == 200
