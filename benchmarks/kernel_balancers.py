"""How often balancers of the kernel are named rightly, in namespaces: needs root.

    python -m benchmarks.kernel_balancers [RUNS]

Prints a table in Markdown: for each kind of router, IPv4 and IPv6, the number of runs that reported
the right class and fields, weights or polarisation at `-c 99.9`. Each run has new seeds for the
kernel's hash and for the probes. The last row counts the paths of a diamond of sixteen that
`--follow` takes and plain traceroute confirms. Exits with 1 if anything was wrong.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.command import trace
from tests.lab.netlab import Hashing, Lab, diamond, lab
from tests.lab.test_classify import FLOW, KERNEL, NAMES, jhash
from tests.lab.test_paths import addresses, traceroute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SURE = ("--classify", "-c", "99.9")
_DEAL = "numgen random mod 2 offset 1"


def _is_kernel_right(built: Lab, version: int, seed: int, name: str) -> bool:
    kind, fields = KERNEL[name][1][version]
    (balancer,) = trace(built, version, *_SURE, "--seed", str(seed)).document["balancers"]
    hashed = {field["field"] for field in balancer["fields"] if field["verdict"] == "hashed"}
    undecided = any(field["verdict"] == "not enough evidence" for field in balancer["fields"])
    expected = {name for bit, name in NAMES.items() if fields & bit}
    return balancer["kind"] == kind and hashed == expected and not undecided


def _is_dealer_named(built: Lab, version: int, seed: int) -> bool:
    (balancer,) = trace(built, version, *_SURE, "--seed", str(seed)).document["balancers"]
    return bool(balancer["kind"] == "per packet")


def _are_weights_named(built: Lab, version: int, seed: int) -> bool:
    options = ("--flows", "3000", "--rate", "20000", "--seed", str(seed))
    (balancer,) = trace(built, version, *_SURE, *options).document["balancers"]
    return bool(balancer["kind"] == FLOW and balancer["split"]["weights"] == [3, 1])


def _is_pair_judged(built: Lab, version: int, seed: int, *, alike: bool) -> bool:
    (pair,) = trace(built, version, *_SURE, "--seed", str(seed)).document["series"]
    return bool(pair["polarised"] == alike)


def _count(
    name: str,
    paths: list[str],
    hashing_of: Callable[[int], Mapping[str, Hashing]],
    is_right: Callable[[Lab, int, int], bool],
    runs: int,
    versions: tuple[int, ...] = (4, 6),
) -> bool:
    right = dict.fromkeys(versions, 0)
    for seed in range(1, runs + 1):
        with lab(paths, hashing=hashing_of(seed)) as built:
            for version in versions:
                right[version] += is_right(built, version, seed)
    cells = [f"{right[version]} of {runs}" if version in right else "" for version in (4, 6)]
    print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)
    return all(number == runs for number in right.values())


def _follow() -> bool:
    is_good = True
    with lab(diamond(16)) as built:
        cells = []
        for version in (4, 6):
            followed = confirmed = 0
            for number in range(1, 17):
                options = ("-c", "99.9", "--seed", "2", "--follow", str(number), "--rounds", "3")
                found = trace(built, version, *options).document
                path = found["paths"][number - 1]
                met = [hop["vertex"] for hop in found["followed"]]
                followed += met == path["vertices"]
                command = next(text for text in path["commands"] if text.startswith("traceroute"))
                confirmed += traceroute(built, command) == addresses(path)
            cells.append(f"{followed}, {confirmed} of 16")
            is_good &= followed == confirmed == 16
    print(f"| followed, and confirmed by traceroute | {cells[0]} | {cells[1]} |", flush=True)
    return is_good


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("| router | IPv4 | IPv6 |\n|---|---|---|")
    series = [f"src lb {a} r mid {b} joint dst" for a in ("a1", "a2") for b in ("b1", "b2")]
    results = []
    for name, (hashing, expected) in KERNEL.items():
        results.append(
            _count(
                f"kernel, {name}",
                diamond(2),
                lambda seed, hashing=hashing: {"lb": replace(hashing, seed=seed)},  # type: ignore[misc]
                lambda built, version, seed, name=name: (  # type: ignore[misc]
                    _is_kernel_right(built, version, seed, name)
                ),
                runs,
                tuple(expected),
            )
        )
    dealer = Hashing(rules={4: _DEAL, 6: _DEAL})
    weighted = Hashing(rules={version: jhash(version) for version in (4, 6)})
    results.append(
        _count("nftables, packets", diamond(2), lambda _: {"lb": dealer}, _is_dealer_named, runs)
    )
    results.append(
        _count("nftables, 3:1", diamond(2), lambda _: {"lb": weighted}, _are_weights_named, runs)
    )
    for alike in (True, False):
        results.append(
            _count(
                "two with one seed" if alike else "two with seeds of their own",
                series,
                lambda seed, alike=alike: {  # type: ignore[misc]
                    "lb": Hashing(policy=1, seed=seed),
                    "mid": Hashing(policy=1, seed=seed + 1000 * (not alike)),
                },
                lambda built, version, seed, alike=alike: (  # type: ignore[misc]
                    _is_pair_judged(built, version, seed, alike=alike)
                ),
                runs,
            )
        )
    results.append(_follow())
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
