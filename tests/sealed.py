"""A process that the kernel kills when it opens a socket, or a file for writing.

Python's audit events and patched sockets miss what a C++ library does. A seccomp filter misses nothing, and needs no
privileges, no other program and no network. Linux alone has it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # classic BPF
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_NUMBER, _FIRST_ARGUMENT = 0, 16  # offsets in struct seccomp_data; an argument has 8 bytes, the lower half first
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Of each architecture: socket; and open (where there is one) and openat with the argument that holds the flags.
_CALLS = {
    "x86_64": (41, {2: 1, 257: 2}, (85, 437)),
    "aarch64": (198, {56: 2}, (437,)),
}

SUPPORTED = sys.platform == "linux" and platform.machine() in _CALLS


def seal() -> None:
    """From now on the kernel ends this process with SIGSYS when any of its threads opens a socket or a file to write.

    Raises OSError where the kernel takes no filter. Nothing can take it off again.
    """
    socket, opens, others = _CALLS[platform.machine()]
    program = [_step(_LOAD, _NUMBER)]
    for number in (socket, *others):  # creat and openat2, which nobody needs here
        program += [_step(_EQUAL, number, no=1), _step(_RETURN, _KILL_PROCESS)]
    for number, argument in opens.items():
        program += [
            _step(_EQUAL, number, no=4),
            _step(_LOAD, _FIRST_ARGUMENT + 8 * argument),
            _step(_ANY_BIT, _WRITING, no=1),
            _step(_RETURN, _KILL_PROCESS),
            _step(_RETURN, _ALLOW),
        ]
    program.append(_step(_RETURN, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), errno.errorcode[ctypes.get_errno()])


def _step(code: int, value: int, *, no: int = 0) -> bytes:
    """One instruction; `no`: how many to leave out when its question is answered with no."""
    return struct.pack("HBBI", code, 0, no, value)
