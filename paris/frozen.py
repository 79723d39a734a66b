"""The base of settings: frozen values by keyword, ten times cheaper to define than dataclasses."""

from __future__ import annotations

from typing import Any, NoReturn, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Frozen:
    """A value whose fields are its annotations, as those of a dataclass are.

    A dataclass has its methods compiled when it is defined, which takes a millisecond each time the
    program starts. Here all classes share these methods. A field's default is the class attribute
    of its name, and `__post_init__` checks a new value. Type checkers take subclasses for frozen
    dataclasses.
    """

    def __init__(self, **values: Any) -> None:
        known = self.fields()
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
    def fields(cls) -> tuple[str, ...]:
        """The names of all fields, in order."""
        return tuple(cls.__annotations__)

    def replace(self, **changes: Any) -> Self:
        """The same value with other values in the fields that `changes` names, checked again."""
        return type(self)(**{**self.__dict__, **changes})

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} keeps its value")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} keeps its value")
