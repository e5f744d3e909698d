"""The nginx module's tests: what they share with the end-to-end tests is in ../e2e/harness.py, nginx itself in ngx.py."""

import functools
import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]
import harness  # noqa: E402
import ngx  # noqa: E402
import shopping  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes longer than a minute; left out by tests/run --quick")
    config.addinivalue_line("markers", "sanitized: also run against the build with sanitizers")


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    for file, how in ((ngx.MODULE, "build it, or set TROTLINE_BUILD"), (Path(ngx.NGINX), "apt-get install nginx")):
        if not os.access(file, os.R_OK):
            pytest.exit(f"{file} is not there: {how}", 2)


@pytest.fixture(params=(1, 2), ids=("w1", "w2"))
def workers(request):
    return request.param


@pytest.fixture
def site(workers):
    """Nginx with that many workers; arguments as of ngx.Nginx."""
    return functools.partial(ngx.Nginx, workers=workers)


@pytest.fixture
def shop():
    """An upstream that makes, changes and deletes orders; give it another .answer to script it."""
    with harness.Upstream(shopping.orders) as server:
        yield server


@pytest.fixture
def sink():
    """A receiver that takes everything with 200."""
    with harness.Sink() as server:
        yield server
