"""The targets of a survey: names, addresses and prefixes, from arguments and files."""

from __future__ import annotations

from bisect import bisect_right
from ipaddress import ip_address, ip_network
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from paris.errors import SettingsError
from paris.files import STANDARD_INPUT, read, standard_input
from paris.survey.order import MOST, in_random_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from ipaddress import IPv4Network, IPv6Network

    from mda.model import IPAddress


class Block(NamedTuple):
    """Addresses of one prefix: `size` of them, `step` apart, the first one at `first`.

    With `is_drawn`, each stands for the `step` addresses that begin with it: one of them is traced,
    chosen at random.
    """

    version: int
    first: int
    size: int
    step: int
    is_drawn: bool


class Targets:
    """All addresses of some blocks that no excluded prefix holds, in a random order.

    `seed` chooses the order and the addresses that are drawn. Raises SettingsError for too many.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        excluded: Iterable[IPv4Network | IPv6Network],
        seed: int,
    ) -> None:
        self._blocks = list(blocks)
        self._excluded: dict[tuple[int, int], set[int]] = {}
        for network in excluded:
            host_bits = network.max_prefixlen - network.prefixlen
            prefixes = self._excluded.setdefault((network.version, host_bits), set())
            prefixes.add(int(network.network_address) >> host_bits)
        self._seed = seed
        self._ends = list(accumulate(block.size for block in self._blocks))
        if self.count > MOST:
            raise SettingsError(f"{self.count} targets are too many: at most {MOST}")

    @property
    def count(self) -> int:
        """How many there are, with those that are excluded."""
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[IPAddress]:
        for number in in_random_order(self.count, Random(self._seed)):
            address = self._address(number)
            if not self.excludes(address):
                yield address

    def excludes(self, address: IPAddress) -> bool:
        """Whether nobody may probe an address."""
        own, version = int(address), address.version
        return any(
            own >> host_bits in prefixes
            for (of_version, host_bits), prefixes in self._excluded.items()
            if of_version == version
        )

    def _address(self, number: int) -> IPAddress:
        at = bisect_right(self._ends, number)
        block = self._blocks[at]
        value = block.first + (number - self._ends[at] + block.size) * block.step
        if block.is_drawn:
            # Neither the first nor the last address, which may name the network or all its hosts.
            most = max(1, block.step - 2)
            value += min(1 + Random(f"{self._seed} {value}").randrange(most), block.step - 1)
        return ip_address(value.to_bytes(4 if block.version == 4 else 16))


def words(given: Iterable[str], is_file: Callable[[str], bool]) -> Iterator[str]:
    """The targets in arguments: each itself, or of a file, or of standard input, one a line.

    What follows a `#` is a remark.
    """
    for argument in given:
        if argument == STANDARD_INPUT or is_file(argument):
            yield from _lines(argument)
        else:
            yield argument


def _lines(file: str) -> Iterator[str]:
    content = standard_input() if file == STANDARD_INPUT else read(file)
    for line in content.decode("utf-8", "replace").splitlines():
        if word := line.partition("#")[0].strip():
            yield word


def block(word: str, per_prefix: int | None, resolve: Callable[[str], IPAddress]) -> Block:
    """The addresses that a word stands for; `resolve` knows those of names.

    With `per_prefix`, a prefix stands for one address of each of its prefixes of that length; see
    Block. Raises SettingsError for what is not a prefix, and what `resolve` raises.
    """
    if "/" not in word:
        address = _address(word) or resolve(word)
        return Block(address.version, int(address), 1, 1, is_drawn=False)
    network = prefix(word)
    first, bits = int(network.network_address), network.max_prefixlen
    if per_prefix is not None and network.prefixlen <= per_prefix <= bits:
        count, step = 1 << (per_prefix - network.prefixlen), 1 << (bits - per_prefix)
        return Block(network.version, first, count, step, is_drawn=step > 1)
    if per_prefix is not None:
        return Block(network.version, first, 1, network.num_addresses, is_drawn=True)
    has_ends = network.version == 4 and network.prefixlen < 31
    count = network.num_addresses - 2 * has_ends
    return Block(network.version, first + has_ends, count, 1, is_drawn=False)


def _address(word: str) -> IPAddress | None:
    try:
        return ip_address(word)
    except ValueError:
        return None


def prefix(word: str) -> IPv4Network | IPv6Network:
    """The prefix, or the address, that a word names. Raises SettingsError."""
    try:
        return ip_network(word, strict=False)
    except ValueError:
        raise SettingsError(f"{word!r} is neither an address nor a prefix") from None
