"""The promises: what they share with the end-to-end tests is in ../e2e/harness.py, the parts of the experiment in shop.py."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]
import harness  # noqa: E402
import shop  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes longer than a minute; left out by tests/run --quick")
    config.addinivalue_line("markers", "sanitized: also run against the build with sanitizers")


def pytest_sessionstart(session):
    if not harness.BINARY.exists() and not session.config.option.collectonly:
        pytest.exit(f"{harness.BINARY} is not there: build it, or set TROTLINE_BUILD", 2)


@pytest.fixture
def lab(tmp_path):
    """An upstream that writes down what it did and a receiver that writes down what it got, each a process of its own."""
    with shop.Part("upstream", tmp_path / "done.log") as upstream, shop.Part("sink", tmp_path / "got.log") as sink:
        yield shop.Lab(upstream, sink)
