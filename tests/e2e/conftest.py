"""Markers and checks for the end-to-end tests; what they share is in harness.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import cli  # noqa: E402
import harness  # noqa: E402
import proxy  # noqa: E402


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


@pytest.fixture
def mirror():
    """An upstream that answers with what it got."""
    with harness.Upstream(proxy.echo) as server:
        yield server


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(cli.SECRET + "\n")
    return path


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "trotline.toml"
    path.write_text(f'[store]\nurl = "sqlite:{tmp_path}/store"\n[standalone]\nupstream = "http://127.0.0.1:1"\n' + cli.HOOKS)
    return path
