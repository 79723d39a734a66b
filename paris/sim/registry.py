"""The simulators that there are: one row each. `--sim` and its help follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from mda.model import IPAddress


class Simulated(Protocol):
    """A simulated network: the addresses at its two ends, and what answers in between."""

    @property
    def source(self) -> IPAddress:
        """The address that probes leave from."""

    @property
    def destination(self) -> IPAddress:
        """The address that is traced."""

    def answer(self, datagram: bytes, at_s: float) -> tuple[float, bytes] | None:
        """The reply to a datagram sent at `at_s`, and when it arrives; None if nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """One way to make a simulated network.

    `--sim NAME:ARGUMENT` chooses the row of that `name`. All else goes to the row without one.
    `argument` stands for the argument in the help and `about` says what the network is. `maker`
    names a function as "module:function", which is imported when its turn comes: it takes the
    argument and the seed, returns a Simulated, and raises TopologyError for a bad argument. `wire`
    names what carries datagrams there: it takes the Simulated and the flows, and returns a Wire.
    """

    about: str
    maker: str
    name: str = ""
    argument: str = ""
    wire: str = "paris.wire.sim:open_wire"

    @property
    def form(self) -> str:
        """What the user writes after `--sim`."""
        return f"{self.name}:{self.argument}" if self.name else self.argument


SIMULATORS: Final = (
    Simulator(
        argument="NAME or FILE", about="a sample's name or a YAML file",
        maker="paris.sim.topology_file:network",
    ),
)  # fmt: skip


def chosen(given: str) -> tuple[Simulator, str]:
    """The row for what `--sim` was given, and the argument of its maker."""
    name, colon, argument = given.partition(":")
    for row in SIMULATORS:
        if colon and row.name == name:
            return row, argument
    return next(row for row in SIMULATORS if not row.name), given


def forms() -> str:
    """What `--sim` takes, as the help says it."""
    return ", ".join(f"{row.form} ({row.about})" if row.name else row.about for row in SIMULATORS)
