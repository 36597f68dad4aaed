"""A proposal as a mapping file: YAML that validates, with a comment for every guess and assumption.

What belongs here: writing. What doesn't: guessing (``propose.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from trend_assets.lib.retail.propose import Proposal


def proposal_content(proposals: Sequence[tuple[Proposal, Mapping[str, Any]]], name: str) -> dict[str, Any]:
    """The mapping of the proposals as data. Each comes with its place: ``{"files": ...}`` or ``{"database": ...}``.

    A format that all tables share stands at the top, others beside their table. Several files may be of one shop, so
    references between them are checked only where products are among them.
    """
    formats = [dict(proposal.format) for proposal, _ in proposals]
    shared = formats[0] if formats and all(one == formats[0] for one in formats) else {}
    content: dict[str, Any] = {"name": name}
    currency = next((proposal.currency for proposal, _ in proposals if proposal.currency), "")
    if currency:
        content["currency"] = currency
    content["data_origin"] = "real"
    if shared:
        content["format"] = shared
    tables: dict[str, Any] = {}
    for proposal, place in proposals:
        table: dict[str, Any] = dict(place)
        if proposal.personal and "files" in place:
            table["personal"] = list(proposal.personal)
        if proposal.format and not shared:
            table["format"] = dict(proposal.format)
        columns = {match.ours: match.rule for match in proposal.matches}
        for ours, (value, _) in proposal.assumed.items():
            if ours != "currency":
                columns[ours] = value if isinstance(value, dict) else {"constant": value}
        table["columns"] = columns
        tables[proposal.table] = table
    content["tables"] = tables
    return content


def proposal_text(proposals: Sequence[tuple[Proposal, Mapping[str, Any]]], name: str) -> str:
    """The mapping file. Required columns without a source are comments to fill in; without them it does not validate."""
    content = proposal_content(proposals, name)
    lines = [
        "# Proposed by `trend-assets map`: ours on the left, yours on the right. Check what is marked with a question mark.",
        f"name: {_value(name)}",
    ]
    if "currency" in content:
        told = next(proposal.assumed["currency"][1] for proposal, _ in proposals if "currency" in proposal.assumed)
        lines.append(f"currency: {content['currency']} # ? {told}")
    lines.append("data_origin: real # or simulated")
    if "format" in content:
        lines += ["format:", *(f"  {setting}: {_value(value)}" for setting, value in content["format"].items())]
    lines.append("tables:")
    for proposal, _ in proposals:
        lines += _table_lines(proposal, content["tables"][proposal.table])
    return "\n".join(lines) + "\n"


def _table_lines(proposal: Proposal, table: Mapping[str, Any]) -> list[str]:
    lines = [f"  {proposal.table}:"]
    if proposal.recognised:
        lines.append(f"    # recognised: {proposal.recognised}")
    lines += [f"    # {note}" for note in proposal.notes]
    for setting, value in table.items():
        if setting != "columns":
            comment = " # they identify people: never copied" if setting == "personal" else ""
            lines.append(f"    {setting}: {_value(value)}{comment}")
    lines.append("    columns:")
    sure = {match.ours: match for match in proposal.matches}
    for ours, rule in table["columns"].items():
        if ours in sure:
            match = sure[ours]
            doubt = f" # ? {match.why}" if match.confidence < 0.7 else ""
        else:
            doubt = f" # ? {proposal.assumed[ours][1]}" if ours in proposal.assumed else ""
        lines.append(f"      {ours}: {_value(rule)}{doubt}")
    lines += [f"      # {ours}: ??? {advice}" for ours, advice in proposal.missing.items()]
    if proposal.unused:
        lines.append(f"    # not used: {', '.join(proposal.unused)}".replace("\n", " "))
    return lines


def _value(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=100_000)
    return text.strip().removesuffix("\n...").strip()
