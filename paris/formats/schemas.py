"""Reads JSON from a file, and checks it against a schema before anything uses it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from mda.studies.registry import STUDIES
from paris.errors import FormatError, on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fastjsonschema import JsonSchemaValueException

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_BASE: Final = "file:///"  # where the relative references of schemas lead


def parse(data: bytes | str, place: str) -> Any:
    """The JSON value in a text; `place` names it in messages. Raises FormatError."""
    with _refused_at(place):
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(text, **_HOOKS)
        _check_unicode(value, text)
    return value


def parse_next(text: str, at: int, place: str) -> tuple[Any, int]:
    """The JSON value at a place in a text, and where it ends. Raises FormatError as `parse`."""
    with _refused_at(place):
        value, end = json.JSONDecoder(**_HOOKS).raw_decode(text, at)
        _check_unicode(value, text[at:end])
    return value, end


@contextmanager
def _refused_at(place: str) -> Iterator[None]:
    """Raise FormatError, with `place`, for what is not JSON that can be used."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise FormatError(f"{place}:{error.lineno}: not JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise FormatError(f"{place}: not a text file") from None
    except UnicodeEncodeError:
        raise FormatError(f"{place}: a text in it is not Unicode (half a surrogate pair)") from None
    except RecursionError:
        raise FormatError(f"{place}: brackets are nested too deeply") from None
    except ValueError as error:  # Python refuses to convert numbers of thousands of digits
        raise FormatError(f"{place}: a number cannot be used: {on_one_line(str(error))}") from None


def _check_unicode(value: Any, text: str) -> None:
    if "\\u" in text:
        # A half of a surrogate pair is valid JSON, but no text that can be written.
        json.dumps(value, ensure_ascii=False).encode()


def check_version(document: dict[str, Any], version: int, place: str) -> None:
    """Check that a file has the one `version` of its format. Raises FormatError."""
    if document.get("version") != version:
        raise FormatError(
            f"{place}: written in version {on_one_line(repr(document.get('version')))} of the "
            f"format; this program reads version {version}"
        )


def check(value: Any, schema: str, place: str) -> None:
    """Check a JSON value against `schema`, a file beside this one and a path in it.

    Raises FormatError with `place`, the path to the first value that is wrong, and the reason.
    """
    from fastjsonschema import JsonSchemaValueException  # only readers of files need it

    try:
        _validator(schema)(value)
    except JsonSchemaValueException as error:
        path = str(error.name).removeprefix("data").removeprefix(".")
        where = f"{place}: {on_one_line(path)}" if path else place
        raise FormatError(f"{where}: {on_one_line(_reason(error))}") from None
    except RecursionError:
        raise FormatError(f"{place}: brackets are nested too deeply") from None


def _reason(error: JsonSchemaValueException) -> str:
    """Why a value is not what the schema says."""
    if error.rule == "required":
        missing = next(name for name in error.rule_definition if name not in error.value)
        return f"{missing!r} is missing"
    if error.rule == "propertyNames":
        return "one of its names is not allowed"
    reason = error.message.removeprefix(str(error.name)).strip()
    return reason if isinstance(error.value, dict) else f"{reason}, not {json.dumps(error.value)}"


@cache
def _validator(schema: str) -> Callable[[Any], Any]:
    import fastjsonschema

    check_value: Callable[[Any], Any] = fastjsonschema.compile(
        {"$schema": _DRAFT, "$ref": _BASE + schema},
        handlers={_BASE.partition(":")[0]: _load},
        formats={"address": _is_address, "study": _is_study},
        use_default=False,
    )
    return check_value


def _load(uri: str) -> Any:
    """The schema in a file beside this one."""
    schema = json.loads(Path(__file__).with_name(uri.removeprefix(_BASE)).read_text())
    small = {
        f"#/$defs/{name}": own
        for name, own in schema.get("$defs", {}).items()
        if '"$ref"' not in json.dumps(own)
    }
    return _in_place(schema, small)


def _in_place(schema: Any, small: Mapping[str, Any]) -> Any:
    """A schema with `small` definitions where others refer to them.

    The checker calls a function for each reference, which takes longer than most checks.
    """
    if isinstance(schema, list):
        return [_in_place(own, small) for own in schema]
    if not isinstance(schema, dict):
        return schema
    if len(schema) == 1 and schema.get("$ref") in small:
        return small[schema["$ref"]]
    return {name: _in_place(own, small) for name, own in schema.items()}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_study(text: str) -> bool:
    return any(text == study.name for study in STUDIES)


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        _refused_number(digits)
    return number


def _refused_number(digits: str) -> NoReturn:
    raise ValueError(f"{digits} is not finite")


# NaN is not JSON, and arithmetic cannot use infinity.
_HOOKS: Final[dict[str, Any]] = {"parse_constant": _refused_number, "parse_float": _finite}
