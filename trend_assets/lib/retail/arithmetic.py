"""Arithmetic in a mapping: ``menge * (1 + [Satz in %] / 100)``, evaluated over whole columns.

What belongs here: reading and evaluating. What doesn't: texts to numbers (``columns.py``). Nothing but numbers, names, ``+ - * /``
and brackets is understood, so a mapping holds no code: Python's own parser gets signs and placeholders only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

import numpy as np

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|\[(?P<quoted>[^\]]+)\]|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()]))")
_DEEPEST, _LONGEST = 50, 500
_OPERATIONS: dict[type[ast.operator], np.ufunc] = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide}


def _read(text: str) -> tuple[ast.expr, list[str | float]]:
    """The expression, in which ``_0`` stands for the first operand, and the operands: numbers, and names of columns."""
    written: list[str] = []
    operands: list[str | float] = []
    place, depth, has_value = 0, 0, False
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(
                f"{text!r}: {text[place:].strip()[:10]!r} is not understood; there are names, [names with spaces], numbers, + - * / and ( )"
            )
        place, sign, shown = match.end(), match["sign"], match[match.lastgroup or 0]
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not has_value and sign not in (None, "(", "-"):
            raise ValueError(f"{text!r}: a number or a column is missing before {shown!r}")
        if (has_value and sign in (None, "(")) or depth < 0:
            raise ValueError(f"{text!r}: an operator is missing before {shown!r}")
        if depth > _DEEPEST or len(written) > _LONGEST:
            raise ValueError(f"{text[:60]!r}: brackets are nested too deeply, or it is too long")
        has_value = sign in (None, ")")
        if sign is None:
            operands.append(float(shown) if match["number"] else shown)
        written.append(sign or f"_{len(operands) - 1}")
    if not has_value:
        raise ValueError(f"{text!r}: a number or a column is missing before 'the end'")
    if depth:
        raise ValueError(f"{text!r}: a bracket is not closed")
    return ast.parse(" ".join(written), mode="eval").body, operands


def _value(node: ast.expr, values: Mapping[str, np.ndarray]) -> np.ndarray:
    if isinstance(node, ast.BinOp):
        return np.asarray(_OPERATIONS[type(node.op)](_value(node.left, values), _value(node.right, values)))
    if isinstance(node, ast.UnaryOp):
        return np.negative(_value(node.operand, values))
    return values[ast.unparse(node)]


def names_in(text: str) -> list[str]:
    """The columns that an expression names. Raises ``ValueError`` where it cannot be read, saying why."""
    return list(dict.fromkeys(operand for operand in _read(text)[1] if isinstance(operand, str)))


def evaluated(text: str, columns: Mapping[str, np.ndarray], length: int) -> np.ndarray:
    """The values (float64, NaN where missing) over columns of that length (float64, NaN where missing)."""
    expression, operands = _read(text)
    values = {f"_{place}": columns[one] if isinstance(one, str) else np.array(one) for place, one in enumerate(operands)}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.broadcast_to(np.asarray(_value(expression, values), dtype=np.float64), (length,)).copy()
    found[~np.isfinite(found)] = np.nan
    return found
