"""Tests on the retailer's columns, as a mapping writes them.

What belongs here: their declaration. What doesn't: applying them to rows (``columns.py``).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from trend_assets.lib.retail.shape import Part, Words, as_list


class Condition(Part):
    """A test on one of the retailer's columns; every test that is given must hold."""

    column: str
    starts_with: Words = Field(default=[])
    equals: Words = Field(default=[])
    below: float | None = None
    above: float | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _has_a_test(self) -> Self:
        if not self.starts_with and not self.equals and self.below is None and self.above is None and self.missing is None:
            raise ValueError("a condition needs a test: starts_with, equals, below, above or missing")
        return self


Conditions = Annotated[list[Condition], BeforeValidator(as_list)]
