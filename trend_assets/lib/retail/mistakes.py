"""Mistakes in a mapping file, worded for the person who wrote it: line, place, what is wrong, the closest valid name.

What belongs here: turning validation errors into sentences. What doesn't: the rules that are checked (``mapping.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence

import yaml
from pydantic import ValidationError

Place = tuple[str, ...]


def close_to(name: str, valid: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` where one of the valid names is close, else nothing."""
    lowered = {candidate.lower(): candidate for candidate in valid}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), 1, 0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def places_of(text: str) -> tuple[dict[Place, int], list[str]]:
    """Line (from 1) of every key and list item of a YAML text, and its repeated keys as messages.

    Raises ``yaml.YAMLError`` for what is not YAML.
    """
    lines: dict[Place, int] = {}
    repeated: list[str] = []

    def walk(node: yaml.Node | None, place: Place) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    repeated.append(f"line {line}: {'.'.join((*place, name))}: is there twice; YAML would silently use the last")
                seen.add(name)
                lines[(*place, name)] = line
                walk(value, (*place, name))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                lines[(*place, str(number))] = value.start_mark.line + 1
                walk(value, (*place, str(number)))

    walk(yaml.compose(text, yaml.SafeLoader), ())
    return lines, repeated


def readable(error: ValidationError, lines: Mapping[Place, int], settings_at: Callable[[Sequence[str]], Iterable[str]]) -> str:
    """The problems of a validation error, one a line, each with its line and place in the file.

    ``settings_at``: names of the settings that may stand at a place.
    """
    found = []
    for problem in error.errors():
        # pydantic names the union member or validator it was in; a reader of YAML only wants the path of keys
        place = tuple(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            valid = list(settings_at(place[:-1]))
            message = f"no such setting.{close_to(place[-1], valid)} There are {', '.join(valid)}"
        if place:
            found.append(f"{_line(lines, place)}{'.'.join(place)}: {message}")
        else:  # a check of the whole mapping words each problem itself, beginning with its place
            found += [f"{_line(lines, tuple(part.partition(': ')[0].split('.')))}{part}" for part in message.split("\n")]
    return "\n".join(found)


def _line(lines: Mapping[Place, int], place: Place) -> str:
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return f"line {lines[place[:length]]}: "
    return ""
