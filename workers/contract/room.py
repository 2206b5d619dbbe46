"""Room that owners have to leave to each other."""

from collections import Counter
from collections.abc import Iterable


def has_room(owners: Iterable[str], owner: str, most: int) -> bool:
    """Whether one more of an owner's fits.

    An owner that is alone may take all of the room. Where others are in it, what is full for those that have their
    fraction of it is not for the others: the total may exceed `most`, by their number's logarithm at most.

    Args:
        owners: of everything that is in it.
        owner: who wants to add something.
        most: how many there may be.
    """
    taken = Counter(owners)
    total, different = taken.total(), len(taken.keys() | {owner})
    return total < most or taken[owner] < most // different
