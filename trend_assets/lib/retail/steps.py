"""Steps that give a source the shape of one of our tables before columns are mapped: declared in the mapping, no code.

What belongs here: the declaration of each step, and what it needs and makes. What doesn't: doing them (``reshape.py``).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from trend_assets.lib.retail.arithmetic import names_in
from trend_assets.lib.retail.conditions import Conditions
from trend_assets.lib.retail.shape import Part, Scalar, Words

HOLES = re.compile(r"\{([^{}]+)\}")


class Step(Part):
    """One step. ``closes``: afterwards there are only the columns it makes."""

    closes: ClassVar[bool] = False
    joins_files: ClassVar[bool] = False

    @property
    @abstractmethod
    def inputs(self) -> list[str]:
        """Columns it needs."""

    @property
    @abstractmethod
    def outputs(self) -> list[str]:
        """Columns it makes."""

    @property
    def copied(self) -> list[str]:
        """Of the columns it needs those whose values can end up in what it makes; the others are only tested."""
        return self.inputs


class Where(Step):
    """Keep the rows for which all conditions hold; the others are counted as left out."""

    where: Conditions = Field(min_length=1)

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [condition.column for condition in self.where]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return []

    @property
    def copied(self) -> list[str]:
        """See ``Step``."""
        return []


class Compute(Step):
    """New number columns by arithmetic on others: ``+ - * /``, brackets, numbers; a name with spaces stands in [square brackets].

    A missing operand gives a missing result, as does a division by 0; a row with an operand that is no number is refused.
    """

    compute: dict[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for text in self.compute.values():
            names_in(text)  # raises ValueError where it cannot be read
        return self

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [name for text in self.compute.values() for name in names_in(text)]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.compute)


class Text(Step):
    """New text columns from others: ``"{DATUM} {ZEIT}"``. A missing value in it gives a missing result."""

    text: dict[str, str] = Field(min_length=1)

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [name for template in self.text.values() for name in HOLES.findall(template)]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.text)


class PartOf(Part):
    """Which part of which column: the first group of a pattern, or the whole match; ``fill``: zeros in front, to that length."""

    column: str
    pattern: str = r"^(.*)$"
    fill: int | None = Field(default=None, ge=1, le=60)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"pattern {self.pattern!r} cannot be read: {error}") from error
        if groups != 1:
            raise ValueError(f"pattern {self.pattern!r} needs one pair of round brackets around the part to keep")
        try:
            pc.extract_regex(pa.array([], pa.string()), self.named)
        except pa.ArrowInvalid as error:
            raise ValueError(f"pattern {self.pattern!r} is not RE2: {error}") from error
        return self

    @property
    def named(self) -> str:
        """The pattern with a name for its group, as Arrow wants it."""
        # a bracket may be a character (after a backslash, or as [(]): which one opens the group is known by compiling
        places = (match.end() for match in re.finditer(r"\(", self.pattern))
        candidates = (f"{self.pattern[:place]}?P<part>{self.pattern[place:]}" for place in places)
        return next((text for text in candidates if _names_a_group(text)), self.pattern)


def _names_a_group(pattern: str) -> bool:
    try:
        return "part" in re.compile(pattern).groupindex
    except re.error:
        return False


class Extract(Step):
    """New text columns from a part of others, such as the article in ``4711-038`` or a number without its leading zeros.

    Patterns are regular expressions of RE2. Where a pattern does not match the result is missing.
    """

    extract: dict[str, PartOf] = Field(min_length=1)

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [part.column for part in self.extract.values()]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.extract)


class Values(Part):
    """A column's values translated; those not listed are ``otherwise``, and missing without it."""

    column: str
    values: dict[str, Scalar] = Field(min_length=1)
    otherwise: Scalar | None = None


class Translate(Step):
    """New columns whose values are translations of others', such as movement types to signs."""

    translate: dict[str, Values] = Field(min_length=1)

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [values.column for values in self.translate.values()]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.translate)


class Choice(Part):
    """The value of ``column`` where all conditions hold, else that of ``otherwise``, which is missing if not given."""

    when: Conditions = Field(min_length=1)
    column: str
    otherwise: str | None = None


class Choose(Step):
    """New columns that are one column or another, by conditions: a day of receipt only where something was received."""

    choose: dict[str, Choice] = Field(min_length=1)

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [*self.copied, *(condition.column for choice in self.choose.values() for condition in choice.when)]

    @property
    def copied(self) -> list[str]:
        """See ``Step``."""
        return [column for choice in self.choose.values() for column in (choice.column, choice.otherwise) if column is not None]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.choose)


def _as_columns(value: Any) -> Any:
    return {str(name): str(name) for name in value} if isinstance(value, list) else {value: value} if isinstance(value, str) else value


Columns = Annotated[dict[str, str], BeforeValidator(_as_columns)]
"""Columns by name: ``[A, B]`` keeps their names, ``{A: b}`` gives others."""


class Look(Part):
    """Which source, which columns of ours are equal to which of its, which of its columns to take (theirs: new name)."""

    source: str
    by: Columns = Field(min_length=1)
    take: Columns = Field(min_length=1)


class Join(Step):
    """Columns of another source, looked up by key: each row meets at most one. A row without a match goes on without values.

    A key that is there twice in the other source is refused: rows would be counted twice.
    """

    join: Look

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.join.by)

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.join.take.values())


class Wide(Part):
    """Columns to turn into rows: which, each with the value that stands for it; the two columns that take their places."""

    columns: Columns = Field(min_length=1)
    name: str
    value: str


class Unpivot(Step):
    """Columns become rows, such as one column of stock for each store; missing values become no row."""

    unpivot: Wide

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return list(self.unpivot.columns)

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return [self.unpivot.name, self.unpivot.value]


class Groups(Part):
    """Rows that are equal in ``by`` become one: sums, smallest and greatest values, values of the first row, their number.

    ``order``: columns by which rows are put in order before the first is taken. Order, smallest and greatest are of numbers where
    all values are numbers, else of texts; missing values come last.
    """

    by: Words = Field(min_length=1)
    order: Words = Field(default=[])
    sum: Columns = Field(default={})
    smallest: Columns = Field(default={})
    greatest: Columns = Field(default={})
    first: Columns = Field(default={})
    count: str | None = None


class Total(Step):
    """Rows summed up, such as bins to places. A row with a value that is no number is refused and left out of the sum."""

    closes: ClassVar[bool] = True
    total: Groups

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        groups = self.total
        return [*groups.by, *groups.order, *groups.sum, *groups.smallest, *groups.greatest, *groups.first]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        groups = self.total
        made = [*groups.sum.values(), *groups.smallest.values(), *groups.greatest.values(), *groups.first.values()]
        return [*groups.by, *made, *([groups.count] if groups.count else [])]


class Movements(Part):
    """Levels from movements: for each ``by``, the sum up to the end of each day of column ``at`` (``level``), and that of the day.

    A movement without a day or a quantity is refused: how much there is afterwards is not known without it.
    ``each_day``: also for days without a movement, from the first of its ``by`` to the last of the whole log; what came
    after the log's last day is not known.
    """

    by: Words = Field(min_length=1)
    at: str
    level: Columns = Field(min_length=1)
    of_day: Columns = Field(default={})
    each_day: bool = True
    date_format: str | None = None


class RunningTotal(Step):
    """A log of movements becomes levels at the end of each day; all files are read together, whichever day is asked."""

    closes: ClassVar[bool] = True
    joins_files: ClassVar[bool] = True
    running_total: Movements

    @property
    def inputs(self) -> list[str]:
        """See ``Step``."""
        return [*self.running_total.by, self.running_total.at, *self.running_total.level, *self.running_total.of_day]

    @property
    def outputs(self) -> list[str]:
        """See ``Step``."""
        return [*self.running_total.by, self.running_total.at, *self.running_total.level.values(), *self.running_total.of_day.values()]


KINDS: dict[str, type[Step]] = {
    "where": Where,
    "compute": Compute,
    "text": Text,
    "extract": Extract,
    "translate": Translate,
    "choose": Choose,
    "join": Join,
    "unpivot": Unpivot,
    "total": Total,
    "running_total": RunningTotal,
}


def _as_step(value: Any) -> Any:
    """A step from its only key. Raises ``ValueError`` that names the settings there are."""
    if isinstance(value, Step):
        return value
    names = list(value) if isinstance(value, dict) else []
    if len(names) != 1 or names[0] not in KINDS:
        raise ValueError(f"a step is one of {', '.join(KINDS)} (found: {', '.join(map(str, names)) or value!r}); each begins with a dash")
    try:
        return KINDS[names[0]].model_validate(value)
    except ValidationError as error:
        raise ValueError("; ".join(_worded(problem) for problem in error.errors())) from error


def _worded(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {'no such setting' if problem['type'] == 'extra_forbidden' else message}" if place else message


Steps = list[Annotated[SerializeAsAny[Step], BeforeValidator(_as_step)]]


def problems_of_steps(steps: Sequence[Step], sources: Sequence[str]) -> list[str]:
    """What is wrong with steps in their order, beginning with the step's place (``.steps.2: ...``)."""
    problems = []
    there: set[str] | None = None
    for number, step in enumerate(steps):
        if there is not None and (missing := [name for name in step.inputs if name not in there]):
            problems.append(
                f".steps.{number}: there is no column {missing[0]!r} any more; after the steps before there are {', '.join(sorted(there))}"
            )
        if isinstance(step, Join) and step.join.source not in sources:
            problems.append(
                f".steps.{number}: there is no source {step.join.source!r}; declared before it are {', '.join(sources) or 'none'}"
            )
        if step.closes:
            there = set(step.outputs)
        elif there is not None:
            there |= set(step.outputs)
    return problems


def needed_in_file(steps: Sequence[Step]) -> list[str]:
    """Columns that the steps need of the file itself, each once."""
    made: set[str] = set()
    needed: list[str] = []
    for step in steps:
        needed += [name for name in step.inputs if name not in made]
        if step.closes:
            return list(dict.fromkeys(needed))
        made |= set(step.outputs)
    return list(dict.fromkeys(needed))


def made_by(steps: Sequence[Step]) -> set[str]:
    """Columns that steps make."""
    return {name for step in steps for name in step.outputs}


def joined_by(steps: Sequence[Step]) -> set[str]:
    """The sources that steps look things up in."""
    return {step.join.source for step in steps if isinstance(step, Join)}


def left_after(steps: Sequence[Step]) -> set[str] | None:
    """The columns there are after the steps; ``None`` where those of the file are there too."""
    there: set[str] | None = None
    for step in steps:
        there = set(step.outputs) if step.closes else None if there is None else there | set(step.outputs)
    return there
