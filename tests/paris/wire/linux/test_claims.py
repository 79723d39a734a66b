"""Claims are of the kernel: one process at a time holds each, and a closed socket frees it."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from paris.wire.linux.claims import TakenError, claim

WHAT = f"test {os.getpid()}"


def test_a_claim_excludes_others_until_its_socket_is_closed() -> None:
    holder = claim(WHAT)
    assert holder is not None
    with closing(holder), pytest.raises(TakenError):
        claim(WHAT)
    again = claim(WHAT)
    assert again is not None
    again.close()
