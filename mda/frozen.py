"""The base of values with many fields, ten times cheaper to define than dataclasses."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, NoReturn, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Frozen:
    """A value whose fields are its annotations, as those of a dataclass are.

    A dataclass has its methods compiled when it is defined, which takes half a millisecond each
    time the program starts, after four for the module. Here all classes share these methods. A
    field's default is the class attribute of its name, and `__post_init__` checks a new value. Type
    checkers take subclasses for frozen dataclasses, and their fields for keywords unless the class
    says `kw_only=False`.
    """

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        """Accept `kw_only`, which only type checkers read."""

    def __init__(self, *ordered: Any, **named: Any) -> None:
        known = self.field_names()
        values = {**dict(zip(known[: len(ordered)], ordered, strict=True)), **named}
        lacking = [name for name in known if name not in values and not hasattr(self, name)]
        unknown = [name for name in values if name not in known]
        for reason, names in (("lacks", lacking), ("has no field", unknown)):
            if names:
                raise TypeError(f"{type(self).__name__} {reason} {', '.join(map(repr, names))}")
        self.__dict__.update(
            {name: values[name] if name in values else getattr(self, name) for name in known}
        )
        self.__post_init__()

    def __post_init__(self) -> None:
        """Raise an error for values that cannot be used."""

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of all fields, in order, those of the base first."""
        bases = cls.__mro__[-2::-1]  # without `object`, which has no annotations
        return tuple(name for own in bases for name in own.__annotations__)

    def _values(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.field_names()}

    def replace(self, **changes: Any) -> Self:
        """The same value with other values in the fields that `changes` names, checked again."""
        return type(self)(**{**self._values(), **changes})

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values().values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__name__}({values})"

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone, for pickle and copy; what follows from them is found again."""
        return {
            name: dict(value) if isinstance(value, MappingProxyType) else value
            for name, value in self._values().items()
        }

    def __setstate__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} keeps its value")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} keeps its value")
