"""Arithmetic in a mapping: ``menge * (1 + [Satz in %] / 100)``, read by a grammar of its own and evaluated over whole columns.

What belongs here: reading and evaluating. What doesn't: texts to numbers (``columns.py``). Nothing but numbers, names, ``+ - * /``
and brackets is understood, so a mapping holds no code.

Grammar (recursive descent): ``sum = product {("+"|"-") product}``, ``product = factor {("*"|"/") factor}``,
``factor = ["-"] (number | name | "[" any name "]" | "(" sum ")")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|\[(?P<quoted>[^\]]+)\]|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()]))")
_DEEPEST = 50

Node = Callable[[Mapping[str, np.ndarray]], np.ndarray]


@dataclass
class _Reader:
    """Reads one expression from its tokens."""

    text: str
    tokens: list[tuple[str, str]]
    names: list[str]
    place: int = 0

    def sign(self, *signs: str) -> str | None:
        kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        if kind == "sign" and value in signs:
            self.place += 1
            return value
        return None

    def sum(self, depth: int = 0) -> Node:
        if depth > _DEEPEST:
            raise ValueError(f"{self.text[:60]!r}: brackets are nested too deeply")
        left = self.product(depth)
        while sign := self.sign("+", "-"):
            left = _joined(left, self.product(depth), np.add if sign == "+" else np.subtract)
        return left

    def product(self, depth: int) -> Node:
        left = self.factor(depth)
        while sign := self.sign("*", "/"):
            left = _joined(left, self.factor(depth), np.multiply if sign == "*" else np.divide)
        return left

    def factor(self, depth: int) -> Node:
        if self.sign("-"):
            if depth > _DEEPEST:
                raise ValueError(f"{self.text[:60]!r}: too many signs")
            inner = self.factor(depth + 1)
            return lambda columns: -inner(columns)
        if self.sign("("):
            inner = self.sum(depth + 1)
            if not self.sign(")"):
                raise ValueError(f"{self.text!r}: a bracket is not closed")
            return inner
        kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("end", "the end")
        self.place += 1
        if kind == "number":
            number = np.array(float(value))
            return lambda _: number
        if kind in ("quoted", "name"):
            self.names.append(value)
            return lambda columns: columns[value]
        raise ValueError(f"{self.text!r}: a number or a column is missing before {value!r}")


def _joined(left: Node, right: Node, operation: np.ufunc) -> Node:
    return lambda columns: operation(left(columns), right(columns))


def _read(text: str) -> tuple[Node, list[str]]:
    tokens, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(
                f"{text!r}: {text[place:].strip()[:10]!r} is not understood; there are names, [names with spaces], numbers, + - * / and ( )"
            )
        tokens.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    reader = _Reader(text, tokens, [])
    node = reader.sum()
    if reader.place < len(tokens):
        raise ValueError(f"{text!r}: an operator is missing before {tokens[reader.place][1]!r}")
    return node, list(dict.fromkeys(reader.names))


def names_in(text: str) -> list[str]:
    """The columns that an expression names. Raises ``ValueError`` where it cannot be read, saying why."""
    return _read(text)[1]


def evaluated(text: str, columns: Mapping[str, np.ndarray], length: int) -> np.ndarray:
    """The values (float64, NaN where missing) over columns of that length (float64, NaN where missing)."""
    node, _ = _read(text)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = np.broadcast_to(np.asarray(node(columns), dtype=np.float64), (length,)).copy()
    values[~np.isfinite(values)] = np.nan
    return values
