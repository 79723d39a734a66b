"""All payloads of UDP probes, one row each: requests that a service answers.

Two bytes of each balance the checksum, which is the tag (see `tags`). They lie where the service
returns them, so an answer shows the checksum of the probe, and with it the tag.
"""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

from paris.errors import SettingsError, on_one_line
from paris.packets import numbers, tags
from paris.packets.checksums import checksum, fold, pseudo_header

HEX: Final = "hex:"
_MOST_HEX_BYTES: Final = 1230  # 2 more fill the least MTU of IPv6, 1280 (RFC 8200 section 5)


class Sign(NamedTuple):
    """What a kernel filter asks of an answer: are the 32 bits at byte `at`, masked, `value`?"""

    at: int
    mask: int
    value: int


class Payload(NamedTuple):
    """A request of one protocol, with 0 in the bytes that differ between probes.

    Those are two at `word_at`, which is even, and in our own text the tag's copies, behind it.
    It is the usual payload for the `ports`. `answer` is a pattern of answers, whose group are the
    two bytes; None if answers return none of them. Each answer has at least one of the `signs`.
    """

    name: str
    request: bytes
    word_at: int
    answer: bytes | None = None
    signs: tuple[Sign, ...] = ()
    ports: tuple[int, ...] = ()
    has_copies: bool = False

    @property
    def copies(self) -> slice:
        """Where the copies of the tag are in the request, if it has any."""
        return slice(tags.COPY_AT, tags.PAYLOAD_BYTES)

    def lengthened(self, length: int) -> Payload:
        """The same with zeros behind it, up to `length` bytes; it raises ValueError for too few.

        Two of the bytes balance the length in the checksum, which so stays what it is without them:
        a tag can be read from an answer, whatever the length.
        """
        more = length - len(self.request)
        if more < _LEAST_MORE:
            raise ValueError(f"{length} bytes are too few")
        even = self.request + bytes(len(self.request) % 2)
        # The length is summed twice: in the pseudo-header and in the header.
        word = struct.pack("!H", ~fold(2 * more) & 0xFFFF)
        return self._replace(request=(even + word).ljust(length, b"\0"))


_LEAST_MORE: Final = 3  # bytes: one that makes the place even, and the word


# A DNS server takes this text for a query of an unused kind. It returns the kind and the identifier
# (RFC 1035 section 4.1.1), which is the first word.
TEXT: Final = Payload(
    name="text",
    request=bytes(2) + tags.TEXT + bytes(4),
    word_at=0,
    answer=rb"(..)[\xf0-\xf7].{9}",
    signs=(Sign(0, 0xF800, 0xF000), Sign(2, 0xFFFFFFFF, int.from_bytes(tags.TEXT[:4]))),
    has_copies=True,
)
PAYLOADS: Final = (
    TEXT,
    # The address of "localhost", without recursion (RFC 1035 section 4.1): no server has to ask
    # another for it (RFC 6761 section 6.3). The word is the identifier.
    Payload(
        name="dns",
        request=bytes.fromhex("0000 0000 0001 0000 0000 0000")
        + b"\x09localhost"
        + bytes.fromhex("00 0001 0001"),
        word_at=0,
        answer=rb"(..)[\x80-\x87].{9}",
        signs=(Sign(0, 0xF800, 0x8000),),
        ports=(53,),
    ),
    # A client's version 4, and else only the transmit timestamp, whose low bits are the word
    # (RFC 5905 section 7.3). A server returns it as the origin timestamp.
    Payload(
        name="ntp",
        request=b"\x23" + bytes(39) + b"paris-" + bytes(2),
        word_at=46,
        answer=rb".{24}paris-(..)",
        signs=(Sign(24, 0xFFFFFFFF, int.from_bytes(b"pari")),),
        ports=(123,),
    ),
    # Version 2c, community "public": get sysUpTime.0 (RFC 3416 section 4.2.1, RFC 1901). The word
    # is in the middle of the request's number. An answer may have its lengths in long form.
    Payload(
        name="snmp",
        request=bytes.fromhex("3029 020101 0406")
        + b"public"
        + bytes.fromhex("a01c 0204 70000074 020100 020100 300e300c 0608 2b06010201010300 0500"),
        word_at=18,
        answer=rb"\x30.{1,5}?\x02\x01\x01\x04\x06public\xa2.{1,5}?\x02\x04p(..)t",
        signs=(Sign(0, 0xFF000000, 0x30000000),),
        ports=(161,),
    ),
    # What would be an Initial packet (RFC 9000 section 17.2.2), but of a version that exists to be
    # refused: a server answers with the versions that it knows (sections 6 and 15), if the packet
    # has 1200 bytes. The word is in the source's connection ID, which is the answer's destination.
    Payload(
        name="quic",
        request=(
            b"\xc0\x1a\x2a\x3a\x4a"
            + b"\x08paris-tr"
            + b"\x08a\0\0ce-tr"
            # No token, and 1174 bytes that would be encrypted.
            + b"\0"
            + b"\x44\x96"
            + tags.TEXT
        ).ljust(1200, b"\0"),
        word_at=16,
        answer=rb"[\x80-\xff]\0{4}\x08a(..)ce-tr",
        signs=(Sign(1, 0xFFFFFFFF, 0),),
        ports=(443,),
    ),
    # A binding request (RFC 8489 section 5); the word ends the transaction's identifier.
    Payload(
        name="stun",
        request=bytes.fromhex("0001 0000 2112a442") + b"paristrace" + bytes(2),
        word_at=18,
        answer=rb"\x01[\x01\x11]..\x21\x12\xa4\x42paristrace(..)",
        signs=(Sign(4, 0xFFFFFFFF, 0x2112A442),),
        ports=(3478,),
    ),
)


def chosen(name: str | None, port: int) -> Payload:
    """The payload of this name, or the usual one for a destination port. Raises as `named`."""
    if name is not None:
        return named(name)
    return next((row for row in PAYLOADS if port in row.ports), TEXT)


def named(name: str) -> Payload:
    """The payload of this name. Raises SettingsError if there is none.

    `hex:` and digits are bytes that the user gives, at most so many that no link has to fragment
    them. Behind them, at an even place, follow the two that balance the checksum.
    """
    for row in PAYLOADS:
        if row.name == name:
            return row
    if not name.startswith(HEX):
        known = ", ".join(row.name for row in PAYLOADS)
        raise SettingsError(f"no payload {on_one_line(repr(name))}; use {known} or {HEX}BYTES")
    digits = name.removeprefix(HEX)
    if not re.fullmatch(r"([0-9a-fA-F]{2})+", digits, re.ASCII):
        raise SettingsError(
            f"{HEX} needs bytes, as two hexadecimal digits each, not {on_one_line(repr(digits))}"
        )
    own = bytes.fromhex(digits)
    if len(own) > _MOST_HEX_BYTES:
        raise SettingsError(f"{HEX} takes {_MOST_HEX_BYTES} bytes at most, not {len(own)}")
    own += bytes(len(own) % 2)
    return Payload(name=HEX + digits.lower(), request=own + bytes(2), word_at=len(own))


def tag_of_answer(
    source: bytes, destination: bytes, ports: bytes, answer: bytes, payloads: tuple[Payload, ...]
) -> int:
    """The tag of the UDP probe that `answer` replies to; 0 if it does not show it.

    The probe had one of the `payloads`. Addresses and ports are the reply's, packed. A checksum is
    the same in both directions. If the reply is from another address than the probed one, see
    `tags.from_elsewhere`.
    """
    for payload in payloads:
        word = _returned(payload, answer)
        if word is not None:
            # From another address than the probed one the sum may be 0, which means none here.
            return _checksum(source, destination, ports, payload, word) or 0xFFFF
    return 0


def tag_of_request(
    source: bytes, destination: bytes, ports: bytes, request: bytes, payloads: tuple[Payload, ...]
) -> int | None:
    """The tag that a UDP probe with these ends had, given its payload, which may be cut.

    None if that does not show it, or has copies of the tag, which show more.
    """
    for payload in payloads:
        begin, end = payload.word_at, payload.word_at + 2
        is_this = (
            len(request) >= end
            and request[:begin] == payload.request[:begin]
            and payload.request[end:].startswith(request[end : len(payload.request)])
        )
        if is_this and not payload.has_copies:
            return _checksum(source, destination, ports, payload, request[begin:end])
    return None


def _checksum(
    source: bytes, destination: bytes, ports: bytes, payload: Payload, word: bytes
) -> int:
    """The UDP checksum of a probe whose payload has this word."""
    length = 8 + len(payload.request)
    message = ports + struct.pack("!HH", length, 0) + word + payload.request
    return checksum(pseudo_header(source, destination, numbers.UDP, length) + message)


def _returned(payload: Payload, answer: bytes) -> bytes | None:
    """The two bytes of the probe that an answer returns; None if it does not.

    An echo service returns the whole request.
    """
    begin, end = payload.word_at, payload.word_at + 2
    last = len(payload.request) - 4 * payload.has_copies
    if (
        len(answer) >= len(payload.request)  # longer where the request was lengthened
        and answer[:begin] == payload.request[:begin]
        and answer[end:last] == payload.request[end:last]
    ):
        return answer[begin:end]
    found = None if payload.answer is None else re.match(payload.answer, answer, re.DOTALL)
    return None if found is None else found[1]
