"""A name server on loopback that says what hostile owners of addresses may say, or nothing.

    python -m tests.lab.name_server ADDRESS=KIND...

KIND is `none` (no such name), `silent`, `garbage`, `loop` (a name that goes on where it begins),
`stranger` (the name of another address), or a key of NAMES; `slow` is `good`, but takes a while.
"""

from __future__ import annotations

import socket
import struct
import sys
from ipaddress import ip_address
from threading import Timer
from typing import Final

NAMES: Final = {
    "good": [b"gw", b"example", b"net"],
    "slow": [b"slow", b"example", b"net"],
    "stranger": [b"stranger", b"example", b"net"],
    "steering": [b"a\x1b[2J\nforged", b"<script>\"'\\", b"net"],
    "bidi": ["\u202egpj\u2066".encode(), b"\xff\xfe", b"net"],
    "long": [b"x" * 63] * 3 + [b"y" * 61],  # 255 bytes (RFC 1035)
}
SLOW_S: Final = 1.2


def _labels(labels: list[bytes]) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def answer(request: bytes, kinds: dict[bytes, str]) -> bytes | None:
    """What to say to a request; None for nothing."""
    end = request.index(b"\0", 12) + 5
    question, kind = request[12:end], kinds.get(request[12 : end - 4].lower(), "none")
    if kind == "silent":
        return None
    if kind == "garbage":
        return request[:2] + b"\xff" * 40
    flags, found = (0x8583, 0) if kind == "none" else (0x8580, 1)
    head = request[:2] + struct.pack("!5H", flags, 1, found, 0, 0) + question
    if kind == "stranger":
        head = head[:12] + question[:1] + b"x" + question[2:]
    name = _labels(NAMES.get(kind, []))
    if kind == "loop":
        name = struct.pack("!H", 0xC000 + len(head) + 12)
    record = struct.pack("!HHHIH", 0xC00C, 12, 1, 60, len(name)) + name
    return head + record * found


def main() -> None:
    """Serve until killed."""
    pairs = (word.split("=") for word in sys.argv[1:])
    kinds = {
        _labels(ip_address(address).reverse_pointer.encode().split(b".")): kind
        for address, kind in pairs
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 53))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            request, whom = sock.recvfrom(4096)
            if said := answer(request, kinds):
                late_s = SLOW_S if said.endswith(_labels(NAMES["slow"])) else 0.0
                Timer(late_s, sock.sendto, (said, whom)).start()


if __name__ == "__main__":
    main()
