"""Small tables of networks, one of each kind, and a writer of MaxMind DB files."""

from __future__ import annotations

import json
import struct
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATA: Final = Path(__file__).parents[1] / "data" / "networks"
GOLDEN_MMDB: Final = _DATA / "golden-asn.mmdb"
GOLDEN_PYASN: Final = _DATA / "golden-ipasn.dat"

Value = str | int | list[str] | dict[str, "Value"]


def mmdb(records: Mapping[str, dict[str, Value]], version: int = 6) -> bytes:
    """A MaxMind DB (format 2.0, records of 32 bits) with a record for each of these prefixes."""
    tree: list[list[int | None]] = [[None, None]]  # a node: an index above 0, or minus a place
    data = b""
    for text, record in records.items():
        network = ip_network(text)
        bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[: network.prefixlen]
        node = 0
        for bit in map(int, ("0" * 96 + bits if network.version < version else bits)[:-1]):
            if tree[node][bit] is None:
                tree.append([None, None])
                tree[node][bit] = len(tree) - 1
            node = tree[node][bit] or 0
        tree[node][int(bits[-1])] = -len(data) - 1
        data += _encoded(record)
    size = len(tree)
    flat = (
        size if way is None else size + 15 - way if way < 0 else way
        for node in tree
        for way in node
    )
    about: dict[str, Value] = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "database_type": "Test", "description": {"en": "a test"}, "ip_version": version,
        "languages": [], "node_count": size, "record_size": 32,
    }  # fmt: skip
    ways = struct.pack(f"!{2 * size}I", *flat)
    return ways + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about)


def _encoded(value: Value) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        size = bytes([0x40 + len(text)]) if len(text) < 29 else bytes([0x5D, len(text) - 29])
        return size + text
    if isinstance(value, int):
        return b"\xc4" + struct.pack("!I", value)
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(_encoded, value))
    members = b"".join(_encoded(key) + _encoded(member) for key, member in value.items())
    return bytes([0xE0 + len(value)]) + members


PEERINGDB: Final = json.dumps({
    "ix": {"data": [{"id": 7, "name": "Example IX"}]},
    "ixlan": {"data": [{"id": 70, "ix_id": 7}]},
    "ixpfx": {"data": [
        {"id": 1, "ixlan_id": 70, "protocol": "IPv4", "prefix": "192.0.2.0/25"},
        {"id": 2, "ixlan_id": 70, "protocol": "IPv6", "prefix": "2001:db8:7::/64"},
    ]},
})  # fmt: skip
# By kind; each says that 198.51.100.0/24 and 2001:db8::/32 are of AS64501.
TABLES: Final = {
    "mmdb": mmdb({
        "198.51.100.0/24": {
            "autonomous_system_number": 64501, "autonomous_system_organization": "Example B",
        },
        "2001:db8::/32": {"asn": "AS64501", "as_name": "Example B"},
    }),
    "pyasn": b"; IP-ASN32-DAT file\n; comment\n198.51.100.0/24\t64501\n2001:db8::/32\t64501\n",
    "pfx2as": b"198.51.100.0\t24\t64501\n2001:db8::\t32\t64501\n",
    "riswhois": b"% a comment\n\n64501\t198.51.100.0/24\t370\n64501\t2001:db8::/32\t300\n",
    "bgptools": b"198.51.100.0/24 64501\n2001:db8::/32 64501\n",
    "bgptools-jsonl": b'{"CIDR":"198.51.100.0/24","ASN":64501,"Hits":900}\n'
    b'{"CIDR":"2001:db8::/32","ASN":64501,"Hits":900}\n',
    "iptoasn": b"198.51.100.0\t198.51.100.255\t64501\tZZ\tExample B\n"
    b"2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64501\tZZ\tExample B\n",
}  # fmt: skip
NAMES: Final = {
    "asns.csv": b"asn,name,class,cc\nAS64500,A,Eyeball,ZZ\n"
    b'AS64501,"Example ""B"", Inc.",Carrier,ZZ\n',
    "asn.txt": b'64500 A, ZZ\n64501 Example "B", Inc., ZZ\n',
    "pyasn": json.dumps({"64500": "A", "64501": 'Example "B", Inc.'}).encode(),
}
