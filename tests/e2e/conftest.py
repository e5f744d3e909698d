"""Markers and checks for the end-to-end tests; what they share is in harness.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes longer than a minute; left out by tests/run --quick")
    config.addinivalue_line("markers", "sanitized: also run against the build with sanitizers")


def pytest_sessionstart(session):
    if not harness.BINARY.exists() and not session.config.option.collectonly:
        pytest.exit(f"{harness.BINARY} is not there: build it, or set TROTLINE_BUILD", 2)


@pytest.fixture
def upstream():
    """An upstream that answers everything with 200; give it another .answer to script it."""
    with harness.Upstream() as server:
        yield server


@pytest.fixture
def sink():
    """A receiver that takes everything with 200; give it another .script."""
    with harness.Sink() as server:
        yield server
