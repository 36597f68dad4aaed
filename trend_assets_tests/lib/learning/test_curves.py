"""Learning curves are heard by whoever listens, and by nobody else."""

from __future__ import annotations

from trend_assets.lib.learning.curves import collected, report


def test_figures_are_collected_by_step_and_the_innermost_listener_hears_them() -> None:
    report(1, loss=9.0)  # nobody listens
    with collected() as outer:
        report(1, loss=0.5, f1=0.2)
        with collected() as inner:
            report(1, loss=0.7)
        report(2, loss=0.4)
    report(3, loss=0.1)
    assert outer == {"loss": [(1, 0.5), (2, 0.4)], "f1": [(1, 0.2)]}
    assert inner == {"loss": [(1, 0.7)]}
