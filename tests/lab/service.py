"""Services that answer UDP: run at a lab's destination.

    python -m tests.lab.service KIND:PORT[,KIND:PORT]... ADDRESS...

KIND is what a service says: "echo" all that it was sent, "dns" the first two bytes of it in the
header of a response, "other" something else; "strict-NAME" what `tests.support.services` says, and
nothing to what it cannot accept.
"""

from __future__ import annotations

import select
import socket
import sys

from tests.support.services import SERVICES


def _said(kind: str, asked: bytes, whom: tuple[str, int]) -> bytes | None:
    if kind == "echo":
        return asked
    if kind == "dns":
        return asked[:2] + b"\xf0\x04" + bytes(8)
    if kind == "other":
        return b"whatever you ask"
    return SERVICES[kind.removeprefix("strict-")](asked, whom)


def main() -> None:
    """Serve until killed."""
    served: dict[socket.socket, str] = {}
    for address in sys.argv[2:]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for service in sys.argv[1].split(","):
            kind, port = service.split(":")
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.bind((address, int(port)))
            served[sock] = kind
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for sock in select.select(served, [], [])[0]:
            asked, whom = sock.recvfrom(65535)
            said = _said(served[sock], asked, whom[:2])
            if said is not None:
                sock.sendto(said, whom)


if __name__ == "__main__":
    main()
