"""Text of others, made fit for answers, Redis and logs: what clients send, and what libraries say about it."""

import re

ID_LENGTH = 128
"""Characters of an id that are used; ours are shorter."""

ECHO_LENGTH = 64
"""Characters of a client's text that a message repeats."""

BROKEN_TEXT = "holds a character that cannot be written (half of a surrogate pair, or a control character); remove it"
"""Why a text is refused that `is_broken`."""

# Lone surrogates cannot be encoded; NUL and its like end strings and confuse terminals.
_BROKEN = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_REPLACEMENT = "\ufffd"
_OBJECT = re.compile(r"\s*<[^<>]{1,200} at 0x[0-9a-fA-F]+>")
_PATH = re.compile(r"""(?::\s*)?(?:\s*)(['"]?)(?:/[^\s/'"]+){2,}/?\1""")


def is_broken(text: str) -> bool:
    """Whether the text has characters that cannot be written: lone surrogates, NUL or other control characters."""
    return _BROKEN.search(text) is not None


def cut(text: str, length: int = ECHO_LENGTH) -> str:
    """The text with at most `length` characters that can all be written, and without addresses of objects."""
    # A little more than is kept: what goes may make room.
    text = _OBJECT.sub("", text[: 4 * length])
    text = _BROKEN.sub(_REPLACEMENT, text)
    return text if len(text) <= length else text[: length - 1] + "…"


def reason(error: BaseException) -> str:
    """What a library's error says, without the paths and objects of this process, which are of no use to a client."""
    return cut(_PATH.sub("", str(error)), 200).strip(" :") or "no reason given"
