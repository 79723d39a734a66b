"""Targets as users write them: what is the host, and what is the service."""

from __future__ import annotations

import pytest

from paris.cli.target import split
from paris.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "host", "service"),
    [
        ("example.net", "example.net", None),
        ("example.net:443", "example.net", "443"),
        ("192.0.2.80:https", "192.0.2.80", "https"),
        ("[2001:db8::1]:443", "2001:db8::1", "443"),
        ("[fe80::1%eth0]:ssh", "fe80::1%eth0", "ssh"),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("2001:db8::1:443", "2001:db8::1:443", None),
        ("fe80::1%eth0:1", "fe80::1%eth0:1", None),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1", None),
        ("\udcff", "\udcff", None),
    ],
)
def test_a_target_has_a_host_and_perhaps_a_service(
    text: str, host: str, service: str | None
) -> None:
    assert split(text) == (host, service)


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_host_is_refused_in_a_line_of_its_own(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^the host is empty; write HOST or HOST:PORT$"):
        split(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("example.net:", "no port follows the colon"),
        ("[2001:db8::1]:", "no port follows the colon"),
        (":443", "no host precedes the colon"),
        (":", "no host precedes the colon"),
        ("example.net:80:443", "write HOST, HOST:PORT or [IPV6-ADDRESS]:PORT"),
        ("[example.net]:443", "as [2001:db8::1]:443"),
        ("[192.0.2.1]:443", "as [2001:db8::1]:443"),
        ("[2001:db8::1", "as [2001:db8::1]:443"),
        ("[2001:db8::1]443", "as [2001:db8::1]:443"),
        ("https://example.net/a:b", "is a URL; name its host and service: example.net:https"),
        ("https://me@example.net:8443/", "name its host and service: example.net:8443"),
    ],
)
def test_other_texts_with_colons_are_refused(text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as refused:
        split(text)
    assert str(refused.value).startswith(repr(text))
    assert fault in str(refused.value)
