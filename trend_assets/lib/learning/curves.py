"""Learning curves: figures that a task reports while it trains, for whoever listens.

What belongs here: the collector. What doesn't: pictures (``picture.py``), TensorBoard and MLflow (``trend_assets/models``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Curves = dict[str, list[tuple[int, float]]]
"""Steps and values of each figure, in the order of reporting."""
_listening: ContextVar[Curves | None] = ContextVar("curves", default=None)


def report(step: int, **figures: float) -> None:
    """Note figures after a step (an epoch, say) of training; without a listener nothing happens."""
    curves = _listening.get()
    if curves is not None:
        for name, value in figures.items():
            curves.setdefault(name, []).append((int(step), float(value)))


@contextmanager
def collected() -> Iterator[Curves]:
    """Collects what is reported within; the innermost listener hears it."""
    curves: Curves = {}
    token = _listening.set(curves)
    try:
        yield curves
    finally:
        _listening.reset(token)
