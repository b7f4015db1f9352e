"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Take back an ignored SIGINT: a shell's background jobs and their children inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
