"""A service that answers UDP: run at a lab's destination.

    python -m tests.lab.service KIND PORT ADDRESS...

KIND is what it says: "echo" all that it was sent, "dns" the first two bytes of it in the header of
a response, "other" something else.
"""

from __future__ import annotations

import select
import socket
import sys


def _said(kind: str, asked: bytes) -> bytes:
    if kind == "echo":
        return asked
    return asked[:2] + b"\xf0\x04" + bytes(8) if kind == "dns" else b"whatever you ask"


def main() -> None:
    """Serve until killed."""
    kind, port, *addresses = sys.argv[1:]
    served = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((address, int(port)))
        served.append(sock)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for sock in select.select(served, [], [])[0]:
            asked, whom = sock.recvfrom(65535)
            sock.sendto(_said(kind, asked), whom)


if __name__ == "__main__":
    main()
