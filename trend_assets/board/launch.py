"""Starting the board: one Streamlit process on this machine only, asking nobody outside.

What belongs here: Streamlit's flags and the check that the port is free. What doesn't: the application (``app.py``).
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

APPLICATION = Path(__file__).with_name("app.py")
ADDRESS = "127.0.0.1"


class PortInUseError(OSError):
    """Something else listens on the port; the message says what to do."""


def command(port: int) -> list[str]:
    """The command line of the board; every setting is a flag, so it does not matter in which folder it is started."""
    flags = {
        "server.address": ADDRESS,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.enableStaticServing": "false",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": ADDRESS,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "theme.light.primaryColor": "#00629B",  # by base, so that the visitor's system still chooses light or dark
        "theme.dark.primaryColor": "#3D9BD4",
        "logger.level": "error",
    }
    return [sys.executable, "-m", "trend_assets.board.serve", str(APPLICATION), *(f"--{name}={value}" for name, value in flags.items())]


def check_port(port: int) -> None:
    """Raises ``PortInUseError`` where the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise PortInUseError(f"port {port} is in use; choose another one: trend-assets board --port {port + 1}") from error


def run(port: int) -> None:
    """Become the board's process; does not return. Ctrl-C ends it."""
    check_port(port)
    os.environ["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] = "false"
    started = command(port)
    os.execv(started[0], started)  # noqa: S606 - an argument list of our own, no shell
