"""What the parser writes out, because --help shall not import it."""

from __future__ import annotations

import pytest

from mda.model import FLOW_FIELDS, HeaderField
from paris.cli.parser import trace_parser
from paris.errors import SettingsError


def test_the_flow_field_option_accepts_only_fields_that_can_number_flows() -> None:
    parser = trace_parser()
    for field in HeaderField:
        arguments = ["--flow-field", field.value, "example.net"]
        if field in FLOW_FIELDS:
            assert parser.parse_args(arguments).flow_field == field.value
        else:
            with pytest.raises(SettingsError, match="invalid choice"):
                parser.parse_args(arguments)
