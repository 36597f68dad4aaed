"""The manifest of a partition: which parts make it up, from what and by which code they were made, what the audit found.

What belongs here: the manifest, its JSON form, the fingerprint of a declaration. What doesn't: writing and swapping it
(``lake/lake.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from trend_assets.lake.parquet import per_table
from trend_assets.lib.quality.audit import CHECKS, Finding
from trend_assets.tables import Table

FORMAT = 1
"""Version of the manifest's JSON form."""
PARSED_MANIFESTS = 4096
"""How many manifests a process remembers in parsed form, some 4 KiB each."""


class CorruptionError(RuntimeError):
    """Stored bytes are not what was published; the message says which file and how to get it back."""


class UnsupportedFormatError(RuntimeError):
    """The manifest was written by another version of trend-assets."""


@dataclass(frozen=True)
class Part:
    """An immutable Parquet file of a partition; its name holds the SHA-256 of its bytes."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The committed state of one partition.

    inputs: name of each thing consumed and its hash or version. schema: ``fingerprint`` of the declaration. checks, findings:
    the audit before publication (errors prevent it, so these are warnings). previous: ``hash`` of the manifest replaced.
    """

    table: str
    partition: str
    parts: tuple[Part, ...]
    schema: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    code_version: str = ""
    checks: tuple[str, ...] = CHECKS
    findings: tuple[Finding, ...] = ()
    previous: str | None = None

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def size(self) -> int:
        """Bytes of all parts, as stored."""
        return sum(part.bytes for part in self.parts)

    @property
    def data_version(self) -> str:
        """Changes exactly when the stored rows or their declaration change: what downstream records as its input's hash."""
        return hashlib.sha256("\n".join([self.schema, *(part.sha256 for part in self.parts)]).encode()).hexdigest()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the JSON form."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def same_state(self, other: Manifest) -> bool:
        """Whether the other one says the same apart from history: then there is nothing to swap."""
        return (self.parts, dict(self.inputs), self.code_version, self.schema) == (
            other.parts,
            dict(other.inputs),
            other.code_version,
            other.schema,
        )

    def to_json(self) -> bytes:
        """The file's bytes: one state has one form."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "table": self.table,
            "partition": self.partition,
            "rows": self.rows,
            "parts": [asdict(part) for part in self.parts],
            "inputs": dict(self.inputs),
            "code_version": self.code_version,
            "schema": self.schema,
            "audit": {"checks": list(self.checks), "findings": [asdict(finding) for finding in self.findings]},
            "previous": self.previous,
        }
        return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    @lru_cache(maxsize=PARSED_MANIFESTS)  # by the bytes, so never out of date
    def from_json(cls, data: bytes, where: str) -> Manifest:
        """Inverse of ``to_json``. Raises ``CorruptionError`` naming ``where`` when the bytes are not a manifest."""
        try:
            content = json.loads(data)
            if content["format"] != FORMAT:
                raise UnsupportedFormatError(
                    f"{where} has manifest format {content['format']}, this version reads {FORMAT}: use the version that wrote it"
                )
            return cls(
                table=content["table"],
                partition=content["partition"],
                parts=tuple(Part(**part) for part in content["parts"]),
                schema=content["schema"],
                inputs=content["inputs"],
                code_version=content["code_version"],
                checks=tuple(content["audit"]["checks"]),
                findings=tuple(Finding(**finding) for finding in content["audit"]["findings"]),
                previous=content["previous"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptionError(
                f"{where} is not a manifest ({error}): restore the file, or delete it and publish the partition again"
            ) from error


@per_table
def fingerprint(table: Table) -> str:
    """Hash of what the declaration asks of the data (columns, types, rules, key), not of descriptions: 16 hex digits."""
    rules = [
        [column.name, str(column.type), column.nullable, column.minimum, column.maximum, list(column.allowed)] for column in table.columns
    ]
    return hashlib.sha256(json.dumps([rules, list(table.key), table.partition, table.time]).encode()).hexdigest()[:16]
