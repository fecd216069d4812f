"""Parameters declared once: a dataclass field says type, range, unit, meaning and whether it changes while running.

A `Group` is one concern, a `ParameterSet` is all of a node's groups. ROS descriptors, YAML, the README's table and
`--help` are all read from here; config.py holds the groups themselves.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar

from facegpt_ros.errors import ConfigError

Value = bool | int | float | str | tuple[str, ...]
SetT = TypeVar("SetT", bound="ParameterSet")

_TYPE_NAMES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "text", tuple: "list of texts"}


@dataclass(frozen=True)
class Parameter:
    """What is known of one parameter, as plain data.

    Attributes:
        name: dotted ROS name, "perception.max_faces".
        default: its type is the parameter's type; of a list, a tuple of texts.
        low, high: inclusive range of a number, or None.
        choices: the allowed texts, or empty.
        pattern: regular expression that every text matches as a whole, or empty.
        live: True when it may change while the node is active.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    live: bool = False
    pattern: str = ""

    @property
    def type(self) -> type:
        return type(self.default)

    @property
    def range_text(self) -> str:
        """"0 to 300", "auto, short_range or full_range", or "" when anything of the type goes."""
        if self.choices:
            return " or ".join([", ".join(self.choices[:-1]), self.choices[-1]] if self.choices[1:] else self.choices)
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return ""

    def checked(self, value: object) -> Value:
        """The value in the parameter's own type.

        Raises:
            ConfigError: wrong type, not finite, outside the range, none of the choices, or a text of another pattern; a
                list that is empty, or holds a text twice.
        """
        if self.type is tuple:
            return self._checked_list(value)
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not self.type:
            raise ConfigError(f"{self.name} is {value!r}; it must be {_article(self.type)}{self._within()}")
        outside = False
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            outside = not math.isfinite(value)
            outside |= self.low is not None and value < self.low
            outside |= self.high is not None and value > self.high
        if outside or (self.choices and value not in self.choices):
            raise ConfigError(f"{self.name} is {value!r}; it must be {self.range_text or 'finite'}{self._unit()}")
        return value  # type: ignore[return-value]

    def _checked_list(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, (list, tuple)) or not value or not all(isinstance(text, str) for text in value):
            raise ConfigError(f"{self.name} is {value!r}; it must be a list of one text or more")
        for index, text in enumerate(value):
            if not re.fullmatch(self.pattern or ".*", text):
                raise ConfigError(f"{self.name} holds {text!r}; each text must match {self.pattern}")
            if text in value[:index]:
                raise ConfigError(f"{self.name} holds {text!r} twice; each may be there once")
        return tuple(value)

    def _within(self) -> str:
        return f", {self.range_text}{self._unit()}" if self.range_text else ""

    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


def option(
    default: Value,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    unit: str = "",
    live: bool = False,
    pattern: str = "",
) -> Any:
    """A dataclass field that is a parameter (see Parameter for the arguments)."""
    metadata = {"description": description, "low": low, "high": high, "choices": choices, "unit": unit, "live": live}
    return field(default=default, metadata=metadata | {"pattern": pattern})


@dataclass(frozen=True)
class Group:
    """Parameters of one concern; PREFIX is the first part of their dotted names. Checked on construction.

    Raises:
        ConfigError: see Parameter.checked.
    """

    PREFIX: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for item, known in zip(fields(self), self.parameters(), strict=True):
            object.__setattr__(self, item.name, known.checked(getattr(self, item.name)))

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        return tuple(_parameter(cls.PREFIX, item) for item in fields(cls))


@dataclass(frozen=True)
class ParameterSet:
    """All groups of one node: every field of a subclass is a Group with that field's name as its PREFIX."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Every parameter, in the order of declaration."""
        return tuple(known for group in cls._groups().values() for known in group.parameters())

    @classmethod
    def from_flat(cls: type[SetT], values: Mapping[str, object]) -> SetT:
        """From dotted names; what is not named keeps its default.

        Raises:
            ConfigError: unknown name (the nearest known one is suggested), or a bad value.
        """
        return cls().updated(values)

    def flat(self) -> dict[str, Value]:
        """Dotted names to values, in the order of declaration."""
        return {
            f"{group.name}.{item.name}": getattr(getattr(self, group.name), item.name)
            for group in fields(self)
            for item in fields(getattr(self, group.name))
        }

    def updated(self: SetT, values: Mapping[str, object], *, live_only: bool = False) -> SetT:
        """A copy with some values changed.

        Args:
            live_only: refuse changes of parameters that are read only when the node is configured.

        Raises:
            ConfigError: unknown name, bad value, or a parameter that is not live (with live_only).
        """
        known = {parameter.name: parameter for parameter in self.parameters()}
        now = self.flat()
        changes: dict[str, dict[str, Value]] = {}
        for name, raw in values.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
                raise ConfigError(f"there is no parameter {name}{hint}")
            value = known[name].checked(raw)
            if live_only and not known[name].live and value != now[name]:
                raise ConfigError(
                    f"{name} is read when the node is configured, it cannot change from {now[name]!r} to {value!r}; "
                    "reconfigure the node (deactivate, cleanup, set, configure, activate)"
                )
            prefix, item = name.split(".", 1)
            changes.setdefault(prefix, {})[item] = value
        return replace(self, **{prefix: replace(getattr(self, prefix), **new) for prefix, new in changes.items()})

    @classmethod
    def _groups(cls) -> dict[str, type[Group]]:
        return {item.name: item.default_factory for item in fields(cls)}  # type: ignore[misc]


def ros_yaml(node: str, values: ParameterSet) -> str:
    """A parameter file for a node in any namespace, each value with its meaning, range and unit as a comment."""
    lines = [f"/**/{node}:", "  ros__parameters:"]
    now = values.flat()
    prefix = ""
    for known in values.parameters():
        group, item = known.name.split(".", 1)
        if group != prefix:
            prefix = group
            lines.append(f"    {group}:")
        lines.append(f"      # {known.description}{_facts(known)}")
        lines.append(f"      {item}: {_yaml_scalar(now[known.name])}")
    return "\n".join(lines) + "\n"


def markdown_table(kind: type[ParameterSet]) -> str:
    """The README's table: name, default, range, live, meaning."""
    lines = ["| parameter | default | range | live | meaning |", "|---|---|---|---|---|"]
    for known in kind.parameters():
        span = f"{known.range_text} {known.unit}".strip() if known.range_text else known.unit or _TYPE_NAMES[known.type]
        live = "yes" if known.live else "no"
        lines.append(f"| `{known.name}` | `{_yaml_scalar(known.default)}` | {span} | {live} | {known.description} |")
    return "\n".join(lines) + "\n"


def _parameter(prefix: str, item: Field[Any]) -> Parameter:
    return Parameter(f"{prefix}.{item.name}", item.default, **item.metadata)  # type: ignore[arg-type]


def _facts(known: Parameter) -> str:
    facts = [f"{known.range_text}{known._unit()}" if known.range_text else known.unit, "live" if known.live else ""]
    said = "; ".join(fact for fact in facts if fact)
    return f" ({said})" if said else ""


def _yaml_scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml_scalar, value))}]"
    return repr(value)


def _article(kind: type) -> str:
    word = _TYPE_NAMES[kind]
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
