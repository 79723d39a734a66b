"""The CPU time of an SVG picture of 100 to 2,000 vertices, here and in another checkout.

    python -m benchmarks.pictures CHECKOUT [RUNS]

A network has 20 hops of equally many routers; a tenth of the flows changes sides from hop to hop.
The trace is read from JSON and drawn as text first, so that what it says is found; what counts is
the picture then, with all processes that draw it, user and system time together. Both checkouts run
in turn; what takes more than a minute is given up. With stacks, what is alike is drawn once.
"""

from __future__ import annotations

import math
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.checkouts import environment, prepare
from paris.formats import native
from tests.support.traces import DESTINATION, assembled, outcomes

if TYPE_CHECKING:
    from mda.trace import Trace

_HOPS: Final = 20
_FLOWS: Final = 3  # for each router of a hop
_VERTICES: Final = (100, 250, 500, 1000, 2000)
_MOST_S: Final = 60
_DRAW: Final = """
import resource, sys
from pathlib import Path
from paris.formats import native
from paris.formats.look import Look
from paris.outputs import pictures, text

def spent_s():
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(own.ru_utime + own.ru_stime for own in used)

trace = native.read(Path(sys.argv[1]).read_text("utf-8"), "trace")
text.trace(trace, Look("txt"))
folds = {"fold": int(sys.argv[2])} if "fold" in Look._fields else {}
before = spent_s()
pictures.trace(trace, Look("svg", **folds))
print(spent_s() - before)
"""


def main() -> None:
    """Measure and print."""
    checkouts = [Path(__file__).parents[1], Path(sys.argv[1])]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for checkout in checkouts:
        prepare(checkout)
    print("| vertices | edges | before, s | now, s | ratio | with stacks, s | now / V log V, µs |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for vertices in _VERTICES:
            trace = network(vertices)
            file = Path(folder, f"{vertices}.json")
            file.write_text(native.write(trace), "utf-8")
            now_s, stacked_s, before_s = (
                _median_s(checkout, file, fold, runs)
                for checkout, fold in ((checkouts[0], 0), (checkouts[0], 12), (checkouts[1], 0))
            )
            count = trace.graph.number_of_nodes()
            ratio = f"{now_s / before_s:.2f}" if before_s < _MOST_S else ""
            before = f"{before_s:.2f}" if before_s < _MOST_S else f"over {_MOST_S}"
            print(
                f"| {count} | {trace.graph.number_of_edges()} | {before} | {now_s:.2f} | {ratio} "
                f"| {stacked_s:.2f} | {1e6 * now_s / (count * math.log2(count)):.0f} |",
                flush=True,
            )


def network(vertices: int) -> Trace:
    """A trace of about so many vertices."""
    width, random = vertices // _HOPS, Random(1)
    paths: dict[int, list[str]] = {}
    for flow in range(_FLOWS * width):
        side = flow % width
        paths[flow] = ["192.0.2.254"]
        for hop in range(_HOPS):
            side = random.randrange(width) if random.random() < 0.1 else side
            paths[flow].append(f"10.{hop}.0.{side + 1}")
        paths[flow] += ["198.51.100.1", DESTINATION]
    return assembled(outcomes(paths))


def _median_s(checkout: Path, file: Path, fold: int, runs: int) -> float:
    """Seconds of CPU; infinite where one run takes too long."""
    found = []
    for _ in range(runs):
        found.append(_spent_s(checkout, file, fold))
        if math.isinf(found[-1]):
            return math.inf
    return statistics.median(found)


def _spent_s(checkout: Path, file: Path, fold: int) -> float:
    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_S, _MOST_S))

    ran = subprocess.run(
        (sys.executable, "-c", _DRAW, str(file), str(fold)),
        env=environment(checkout), cwd=checkout, capture_output=True, text=True, check=False,
        preexec_fn=bounded,
    )  # fmt: skip
    return float(ran.stdout) if ran.returncode == 0 else math.inf


if __name__ == "__main__":
    main()
