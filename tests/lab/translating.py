"""A translator that keeps no state: routers behind it quote what it made of a probe."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support.translation import NAT

if TYPE_CHECKING:
    from tests.lab.netlab import Lab


def translate_statelessly(lab: Lab, node: str, version: int) -> None:
    """Have a node rewrite the source, and the destination of what comes back, but no quote."""
    family, source, other = {4: "ip", 6: "ip6"}[version], lab.source(version), NAT[version]
    rules = f"""
        table {family} raw {{
            chain there {{
                type filter hook postrouting priority 100;
                {family} saddr {source} {family} saddr set {other}
            }}
            chain back {{
                type filter hook prerouting priority -300;
                {family} daddr {other} {family} daddr set {source}
            }}
        }}"""
    subprocess.run(
        ["ip", "netns", "exec", lab.namespace(node), "nft", "-f", "-"],
        input=rules, text=True, check=True, capture_output=True,
    )  # fmt: skip
