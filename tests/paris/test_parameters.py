"""Options of the Python functions are refused in the words of parameters, in one line."""

from __future__ import annotations

import re
from ipaddress import ip_address

import pytest

import paris
from mda.errors import ParisTraceError
from paris.errors import SettingsError
from paris.parameters import settings
from paris.settings import GROUPS, Settings

OPTION = re.compile(r"(?<![\w-])--?[A-Za-z]")

BAD = [
    ({"protocol": "sctp"}, "protocol must be 'udp' or 'icmp' or 'tcp', not 'sctp'"),
    ({"protocol": None}, "protocol must be 'udp' or 'icmp' or 'tcp', not None"),
    ({"network": 3}, "network must be a name or a path, not 3"),
    ({"multipath": "x"}, "multipath must be True or False, not 'x'"),
    ({"max_ttl": "5"}, "max_ttl must be a whole number, not '5'"),
    ({"max_ttl": True}, "max_ttl must be a whole number, not True"),
    ({"max_ttl": 500}, "max_ttl must be from 1 to 255, not 500"),
    ({"first_ttl": 9, "max_ttl": 5}, "first_ttl 9 is beyond max_ttl 5"),
    ({"failure_probability": 2}, "failure_probability must be a number from 1e-12 to below 1"),
    ({"failure_probability": "x"}, "failure_probability must be a number from 1e-12 to below 1"),
    ({"failure_probability": 0.01}, "failure_probability requires every path (multipath=True)"),
    ({"min_share": "a"}, "min_share must be a number from 0.001 to 0.5, not 'a'"),
    ({"min_share": 0.9}, "min_share must be a number from 0.001 to 0.5, not 0.9"),
    ({"lite": True}, "lite requires every path (multipath=True)"),
    ({"flow_field": "x"}, "flow_field must be 'sport' or 'dport' or 'icmp-checksum' or"),
    ({"ip_version": 5}, "ip_version must be 4 or 6, not 5"),
    ({"ip_version": 6}, "ip_version=6 cannot be used: the simulated network is IPv4"),
    ({"wire": "x"}, "wire must be 'raw' or "),
    ({"wire": "raw"}, "wire is for a real network; network brings its own"),
    ({"by_link": True}, "by_link requires wire bulk"),
    ({"mark": 3}, "mark is for a real network; network brings its own"),
    ({"source": "192.0.2"}, "source must be an IPv4 or IPv6 address, not '192.0.2'"),
    ({"source": 3}, "source must be a name or an address, not 3"),
    ({"host": "a"}, "name either a host or a simulated network (network=...), not both"),
    ({"protocol": "icmp", "dport": 80}, "dport has no meaning with protocol='icmp'"),
    ({"protocol": "tcp", "payload": "dns"}, "payload is for UDP; leave out protocol='tcp'"),
    ({"payload": b"x"}, "payload must be a text, not b'x'"),
    ({"rate_pps": "fast"}, "rate_pps must be a number, not 'fast'"),
    ({"rate_pps": 0}, "rate_pps must be a number of probes per second above 0, not 0"),
    ({"wait_s": -1}, "wait_s must be a number of seconds above 0, not -1"),
    ({"studies": "paths"}, "studies must be a dict of arguments by study, not 'paths'"),
    ({"studies": {"x": None}}, "not a study or a parameter of one: 'x'"),
    ({"parameters": 3}, "parameters must be a dict of numbers by parameter, not 3"),
    ({"compare": ["udp"]}, "compare must be a tuple of lanes, not ['udp']"),
    ({"rounds": 3}, "rounds requires every_s"),
    ({"every_s": 1}, "every_s of a simulated network requires rounds"),
    ({"every_s": 1, "until_s": 3}, "until_s is a time of the real network; rounds ends a simul"),
    ({"max_probes": 2, "multipath": True}, "max_probes 2 cannot complete a single hop"),
    ({"seed": "a"}, "seed must be a whole number, not 'a'"),
]


@pytest.mark.parametrize(("options", "said"), BAD, ids=str)
def test_a_bad_value_is_a_value_error_that_names_its_parameter(
    options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}") as refused:
        paris.trace(**{"network": "two-way", **options})  # type: ignore[arg-type]
    assert isinstance(refused.value, SettingsError)
    assert isinstance(refused.value, ParisTraceError)
    assert "\n" not in str(refused.value)
    assert OPTION.search(str(refused.value)) is None


def test_a_name_that_no_parameter_has_is_a_type_error_that_suggests_the_near_one() -> None:
    with pytest.raises(TypeError, match=r"^no parameter is named 'multipat'; 'multipath' is$"):
        paris.trace(network="two-way", multipat=True)
    with pytest.raises(TypeError, match=r"^no parameter is named 'zzz'$"):
        paris.sweep("192.0.2.1", flows=1, ttls=[1], zzz=True)


def test_every_field_can_be_given_and_none_where_it_is_the_default() -> None:
    fields = [
        (name, getattr(group, name, None))
        for group in GROUPS.values()
        for name in group.field_names()
    ]
    given = {**dict(fields), "seed": None, "host": ip_address("192.0.2.1")}
    given.update(studies={}, parameters={})
    assert settings(**given) == Settings.of(host="192.0.2.1")


def test_a_file_is_a_path_and_never_the_number_of_an_open_one() -> None:
    with pytest.raises(TypeError, match="PathLike"):
        paris.read(0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="PathLike"):
        next(paris.hops(0))  # type: ignore[arg-type]
