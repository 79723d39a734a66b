"""The classes of networks, a row each: a name, and what makes a network from random numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.truth import changing, plain, troubled

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.truth.networks import Net


class Class(NamedTuple):
    """A class of networks, by what makes one of them from random numbers."""

    name: str
    make: Callable[[Random], Net]


CLASSES: Final = {
    row.name: row
    for row in (
        Class("wide diamonds", plain.wide),
        Class("meshes", plain.meshed),
        Class("nested", plain.nested),
        Class("series up to twelve", plain.series),
        Class("branches of unequal length", plain.unequal),
        Class("destination at several distances", plain.distances),
        Class("several interfaces", plain.interfaces),
        Class("uneven, --min-share", plain.uneven),
        Class("MDA-Lite", plain.lite),
        Class("single flow", plain.single),
        Class("silent routers", troubled.silent),
        Class("a silent branch", troubled.silent_branch),
        Class("silent destination", troubled.silent_end),
        Class("loss everywhere", troubled.lossy),
        Class("a router that loses replies", troubled.lossy_router),
        Class("a branch that loses packets", troubled.lossy_branch),
        Class("silence and loss", troubled.silent_and_lossy),
        Class("a branch that drops all", troubled.dropping),
        Class("a limited router", troubled.limited),
        Class("two routers, one reply per second", troubled.two_limited),
        Class("limited destination", troubled.limited_end),
        Class("limited routers, --compare", troubled.compared),
        Class("per-packet balancers", troubled.packets),
        Class("prohibition", partial(troubled.refusing, key="prohibits")),
        Class("prohibition in a branch", partial(troubled.refusing_branch, key="prohibits")),
        Class("refusal after the TTL check", partial(troubled.refusing, key="refuses")),
        Class("refusal in a branch", partial(troubled.refusing_branch, key="refuses")),
        Class("a host that is down", troubled.down),
        Class("source NAT", troubled.rewriting),
        Class("destination NAT", troubled.masking),
        Class("DSCP and ECN rewritten", changing.rewriting_class),
        Class("tunnels", changing.tunnelled),
        Class("longer ways back", changing.longer_back),
        Class("TTLs raised", changing.raising),
        Class("--mtu", changing.narrow),
        Class("--mtu, black holes", partial(changing.narrow, key="black_hole")),
        Class("expired packets passed on", troubled.passing_expired),
        Class("a router that counts twice", troubled.counting_twice),
        Class("replies that arrive twice", troubled.duplicating),
        Class("--classify", plain.classified),
        Class("replies balanced on their way back", troubled.replying),
        Class("several troubles", troubled.mixed),
    )
}
