"""Which published tables each page of the board reads, found in its code.

What belongs here: following names from a page through the board's modules to the statements they send. What doesn't: what the
exposures say (``test_exposures.py``).
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from trend_assets.settings import PROJECT_ROOT

BOARD = PROJECT_ROOT / "trend_assets" / "board"
PACKAGE = "trend_assets.board"
RELATION = re.compile(r"\b(?:from|join)\s+([a-z_]+\.[a-z_]+)\b")

Definition = tuple[str, str]
"""A module of the board and a name it defines; the empty name is what the module does when it is imported."""


class Code:
    """The board's modules: what each definition says in strings, and which other definitions it names."""

    def __init__(self, folder: Path = BOARD) -> None:
        self.relations: dict[Definition, set[str]] = defaultdict(set)
        self.names: dict[Definition, set[Definition]] = defaultdict(set)
        trees = {self._module(folder, path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
        defined = {(module, name) for module, tree in trees.items() for node in tree.body for name in _defined(node)}
        for module, tree in trees.items():
            modules, imported = _imports(tree, set(trees))
            for node in tree.body:
                for name in _defined(node) or [""]:
                    self._follow(node, (module, name), module, modules, imported, defined)

    @staticmethod
    def _module(folder: Path, path: Path) -> str:
        parts = path.relative_to(folder).with_suffix("").parts
        return ".".join(part for part in (PACKAGE, *parts) if part != "__init__")

    def _follow(
        self,
        node: ast.AST,
        here: Definition,
        module: str,
        modules: dict[str, str],
        imported: dict[str, Definition],
        defined: set[Definition],
    ) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.relations[here].update(RELATION.findall(part.value))
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in modules:
                self.names[here].add((modules[part.value.id], part.attr))
            elif isinstance(part, ast.Name):
                self.names[here].update({imported[part.id]} if part.id in imported else set())
                self.names[here].update({(module, part.id)} & defined)

    def read_by(self, module: str) -> set[str]:
        """``group.table`` of everything that is read from any definition of the module."""
        waiting = [definition for definition in {*self.relations, *self.names} if definition[0] == f"{PACKAGE}.{module}"]
        assert waiting, f"no module {module}"
        seen: set[Definition] = set()
        found: set[str] = set()
        while waiting:
            current = waiting.pop()
            if current not in seen:
                seen.add(current)
                found |= self.relations.get(current, set())
                waiting += self.names.get(current, set())
        return found


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _imports(tree: ast.Module, known: set[str]) -> tuple[dict[str, str], dict[str, Definition]]:
    """Local names of the board's modules, and of what is imported from them."""
    modules: dict[str, str] = {}
    names: dict[str, Definition] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            for alias in node.names:
                local = alias.asname or alias.name
                if f"{node.module}.{alias.name}" in known:
                    modules[local] = f"{node.module}.{alias.name}"
                else:
                    names[local] = (node.module, alias.name)
    return modules, names
