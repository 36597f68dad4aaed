"""What every part of a mapping shares: the strict base class, lists of words, the error that names a mistake.

What belongs here: the base of the mapping's classes. What doesn't: the classes (``mapping.py``, ``database.py``) and
how mistakes are worded (``mistakes.py``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

Origin = Literal["real", "simulated"]
Scalar = bool | int | float | str


class MappingError(ValueError):
    """The mapping cannot be used; the message says where and what to change."""


class Part(BaseModel):
    """A part of a mapping file: what is not declared is refused, so that a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def as_list(value: Any) -> Any:
    """One item where a list may stand is a list of one."""
    return value if isinstance(value, list) or value is None else [value]


Words = Annotated[list[str], BeforeValidator(lambda value: [str(item) for item in as_list(value) or []])]
