"""Room that owners leave to each other."""

import math

from workers.contract.room import has_room


def test_who_is_alone_may_take_all() -> None:
    assert has_room(["a"] * 9, "a", 10)
    assert not has_room(["a"] * 10, "a", 10)


def test_who_has_taken_all_leaves_room_to_others() -> None:
    full = ["a"] * 10
    assert has_room([*full, "b", "b", "b", "b"], "b", 10)
    assert not has_room([*full, "b", "b", "b", "b", "b"], "b", 10), "half of it"
    assert not has_room([*full, "b"], "a", 10)


def test_the_total_stays_bounded() -> None:
    taken: list[str] = []
    for name in range(40):
        while has_room(taken, f"owner {name}", 100):
            taken.append(f"owner {name}")
    assert len(taken) <= 100 * (1 + math.log(40))
