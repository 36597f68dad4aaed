"""How this project's names look in BigQuery: datasets, tables of a release, column types, ``group.table`` in a statement.

What belongs here: pure naming and typing. What doesn't: requests (``warehouse/bigquery_sources.py``, ``warehouse/bigquery_engine.py``).

Datasets, each behind the environment's prefix: ``working_<group>`` (lake tables as dbt's sources), ``working_warehouse`` (dbt's
models), ``working_lake`` (what was loaded, what failed), ``working_incoming`` (loads in progress; everything there expires),
``releases`` (immutable snapshots of what was published), ``<group>`` and ``warehouse`` (views on the current release, for analysts).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

_TYPES: dict[pa.DataType, str] = {
    pa.string(): "STRING",
    pa.bool_(): "BOOL",
    pa.int32(): "INT64",
    pa.int64(): "INT64",
    pa.float32(): "FLOAT64",
    pa.float64(): "FLOAT64",
    pa.date32(): "DATE",
    pa.binary(): "BYTES",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
}

# Strings, quoted names and comments are left alone; a name is one only where no dot or word touches it.
_TOKENS = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | --[^\n]* | \#[^\n]* | /\*.*?\*/
      | (?<![\w.]) (?P<group>[a-z_][a-z0-9_]*) \. (?P<table>[a-z_][a-z0-9_]*) (?![\w.(])""",
    re.VERBOSE | re.DOTALL,
)


def bigquery_type(data_type: pa.DataType) -> tuple[str, str]:
    """BigQuery's name and mode (``NULLABLE`` or ``REPEATED``) of an Arrow type used in the declarations."""
    if pa.types.is_list(data_type):
        return _TYPES[data_type.value_type], "REPEATED"
    return _TYPES[data_type], "NULLABLE"


@dataclass(frozen=True)
class Names:
    """Where things are: Google Cloud project and the prefix of the environment's datasets."""

    project: str
    prefix: str

    def working(self, schema: str) -> str:
        """Dataset that dbt reads or writes for a schema of this project."""
        return f"{self.prefix}working_{schema}"

    def published(self, schema: str) -> str:
        """Dataset of the views that analysts query."""
        return f"{self.prefix}{schema}"

    @property
    def releases(self) -> str:
        """Dataset of the snapshots."""
        return f"{self.prefix}releases"

    def quoted(self, dataset: str, table: str) -> str:
        """A table as a statement names it."""
        return f"`{self.project}`.`{dataset}`.`{table}`"

    def working_table(self, relation: str) -> str:
        """``schema.table`` of dbt's side as a statement names it."""
        schema, table = relation.split(".")
        return self.quoted(self.working(schema), table)

    def release_table(self, release: str, relation: str) -> str:
        """A published table of a release as a statement names it."""
        return self.quoted(self.releases, release_table_id(release, relation))

    def on_release(self, sql: str, release: str, relations: Collection[str]) -> str:
        """The statement with every published ``group.table`` replaced by its snapshot in the release."""

        def replaced(match: re.Match[str]) -> str:
            relation = f"{match['group']}.{match['table']}"
            return self.release_table(release, relation) if match["group"] and relation in relations else match[0]

        return _TOKENS.sub(replaced, sql)


def release_table_id(release: str, relation: str) -> str:
    """Name of a snapshot: the release, then the relation with its dot doubled into underscores."""
    return f"{release}__{relation.replace('.', '__')}"


def relation_of(table_id: str) -> tuple[str, str]:
    """Release and relation of a snapshot's name; empty texts for a table that is no snapshot."""
    release, _, rest = table_id.partition("__")
    schema, _, table = rest.partition("__")
    return (release, f"{schema}.{table}") if table else ("", "")
