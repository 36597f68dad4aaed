"""The site's hook: pages that live beside the code (README, CHANGELOG, ...) become pages of the site, links included.

What belongs here: where those pages go and how links to them are written. What doesn't: content.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {
    "README.md": "front-page.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "dbt_project/README.md": "dbt-project.md",
}
"""Path in the repository: page of the site."""
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#]+)((?:#[^)\s]*)?)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside ``docs/``."""
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs' signature
    """Rewrite links between the two places; a link to a file that is not a page becomes its name."""
    of_page = {target: path for path, target in OUTSIDE.items()}
    here = of_page.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def rewrite(match: re.Match[str]) -> str:
        text, target, anchor = match.groups()
        if "://" in target or target.startswith(("mailto:", "/")):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        if path in OUTSIDE:
            return f"[{text}]({OUTSIDE[path]}{anchor})"
        if path.startswith("docs/") and not path.startswith("docs/examples/"):
            return f"[{text}]({path.removeprefix('docs/')}{anchor})" if here in OUTSIDE else match[0]
        # left as it is where nothing is there, so that the strict build names it
        return f"{text} (`{path}`)" if (ROOT / path).exists() else match[0]

    return _LINK.sub(rewrite, markdown)
