"""Pages of growing graphs: their size, what writing them costs, and each act of their reader.

    python -m benchmarks.pages [TURNS]

The first three are of simulated traces with `--mda`. The last has 80 vertices at each of 25 hops,
and three flows for each, written down. The CPU time of an act is that of the browser's main thread
until the frame after the next is shown: it scripts, lays out and paints. Other threads fill in the
pixels.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import paris
from paris.formats.look import Look
from paris.outputs import pages
from tests.support.browser import browser
from tests.support.traces import DESTINATION, assembled, outcomes

if TYPE_CHECKING:
    from mda.trace import Trace

_DIAMONDS: Final = (82, 80, 80, 80, 80, 80)
ACTS: Final = {
    "move": "scroller.scrollBy(turn % 2 ? -40 : 40, 40)",
    "zoom": "zoom(turn % 2 ? 1.1 : 1 / 1.1)",
    "point": "show(whole.boxes[turn + 3])",
    "light up a path": "choosePath(turn % data.paths.length)",
    "search": "search(`${turn}`)",
    "replay": "goTo(stage - 1)",
}
# Each turn ends when the frame after the next has been shown.
_TURNS: Final = """
(async () => {{
  for (let turn = 0; turn < {turns}; turn++) {{
    {act};
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }}
}})()
"""


def main() -> None:
    """Measure and print."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(f"| vertices | edges | probes | page, KB | written in | {' | '.join(ACTS)} |")
    print(f"|{'---|' * (5 + len(ACTS))}")
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as shown:
        for trace in (simulated("nested"), simulated("forty-eight-way"),
                      simulated(wide(Path(folder))), large()):  # fmt: skip
            began_s = time.process_time()
            page = pages.trace(trace, Look("html"))
            took_s = time.process_time() - began_s
            shown.open(page)
            shown.value("folded && fold(false)")
            costs = []
            for act in ACTS.values():
                before_s = shown.cpu_s()
                shown.value(_TURNS.format(turns=turns, act=act))
                costs.append(f"{1000 * (shown.cpu_s() - before_s) / turns:.0f} ms")
            sizes = (len(trace.dag), trace.dag.number_of_edges(), len(trace.outcomes))
            row = (*sizes, round(len(page) / 1000), f"{took_s:.2f} s", *costs)
            print(f"| {' | '.join(map(str, row))} |", flush=True)


def simulated(network: str) -> Trace:
    """A trace of a simulated network, by name or file."""
    return paris.trace(network=network, multipath=True, seed=1)


def wide(folder: Path) -> str:
    """A file with a network of 491 vertices: six diamonds in a row."""
    routers = ["  gateway: {interfaces: [192.0.2.254]}"]
    path = ["source", "gateway"]
    for number, (name, width) in enumerate(zip("ABCDEF", _DIAMONDS, strict=True)):
        branches = f"{name}1..{name}{width}"
        routers.append(f"  {branches}: {{interfaces: 10.{number}.0.1+}}")
        routers.append(f"  joint{number}: {{interfaces: [10.{number}.1.1]}}")
        path += [f"[{branches}]", f"joint{number}"]
    file = folder / "wide.yaml"
    file.write_text("\n".join((
        "source: 192.0.2.1", f"destination: {{address: {DESTINATION}}}", "routers:", *routers,
        "paths:", f"  - {' -> '.join((*path, 'destination'))}", "",
    )))  # fmt: skip
    return str(file)


def large() -> Trace:
    """A trace of 2,003 vertices and some 6,000 edges, without a simulator."""
    hops = [[f"10.{hop}.0.{n + 1}" for n in range(80)] for hop in range(25)]
    paths = {
        flow: ["192.0.2.254", *(hop[(flow * (n % 2 + 1) + flow // 80) % 80]
                                for n, hop in enumerate(hops)), DESTINATION]
        for flow in range(240)
    }  # fmt: skip
    return assembled(outcomes(paths))


if __name__ == "__main__":
    main()
