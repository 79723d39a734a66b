"""All simulators, one row each. `--sim` and its help follow this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress


class Simulated(Protocol):
    """A simulated network: the addresses at its two ends, and its replies to probes."""

    @property
    def source(self) -> IPAddress:
        """The address that probes leave from."""

    @property
    def destination(self) -> IPAddress:
        """The address to trace."""

    @property
    def longest(self) -> int:
        """The length in bytes of the longest packet that the source sends."""

    def answers(self, datagram: bytes, at_s: float) -> Sequence[tuple[float, bytes]]:
        """The replies to a datagram sent at `at_s`, each with the moment at which it arrives.

        Raises WithheldError if the source's own system refuses to send the datagram.
        """


class Simulator(NamedTuple):
    """One way to make a simulated network.

    `--sim NAME:ARGUMENT` selects the row of that `name`; any other text goes to the row without
    a name. The help shows `argument` for the argument and `about` as the description. `maker`
    names a function as "module:function", imported only when needed: it takes the argument and
    the seed, returns a Simulated, and raises TopologyError for a bad argument. `wire` names the
    function that opens the wire: it takes the Simulated and the flows, and returns a Wire.
    """

    about: str
    maker: str
    name: str = ""
    argument: str = ""
    wire: str = "paris.wire.sim:open_wire"

    @property
    def form(self) -> str:
        """The form of the text after `--sim`."""
        return f"{self.name}:{self.argument}" if self.name else self.argument


SIMULATORS: Final = (
    Simulator(
        name="internet", argument="N", about="for paris-survey: number N of many destinations",
        maker="paris.sim.internet:internet",
    ),
    Simulator(
        argument="NAME or FILE", about="a sample's name or a YAML file",
        maker="paris.sim.topology_file:network",
    ),
)  # fmt: skip


def chosen(given: str) -> tuple[Simulator, str]:
    """The row for the text after `--sim`, and the argument of the row's maker."""
    name, colon, argument = given.partition(":")
    for row in SIMULATORS:
        if colon and row.name == name:
            return row, argument
    return next(row for row in SIMULATORS if not row.name), given


def forms() -> str:
    """The description of `--sim`'s values in the help."""
    return ", ".join(f"{row.form} ({row.about})" if row.name else row.about for row in SIMULATORS)
