"""The board's process: what the first page needs is imported before anybody can ask for it.

What belongs here: that, and handing over to Streamlit. What doesn't: flags (``launch.py``), the application (``app.py``).
Streamlit imports an application when the first visitor comes; the imports take seconds, which is longer than a page may.
"""

from __future__ import annotations

import importlib
import sys

WANTED = ("altair", "duckdb", "pyarrow.compute", "trend_assets.board.sections.decisions", "trend_assets.board.sections.health")


def main(arguments: list[str]) -> None:
    """Import, then run Streamlit with the arguments (application and flags); returns when it ends."""
    for name in WANTED:
        importlib.import_module(name)
    from streamlit.web.cli import main as streamlit

    sys.argv = ["streamlit", "run", *arguments]
    streamlit(prog_name="streamlit")


if __name__ == "__main__":
    main(sys.argv[1:])
