"""The standalone host's loop has its file table for itself, and reloads leave nothing open in it or in the engine's."""

import pytest
from harness import Upstream, request, wait_until
from proxy import proxy
from tables import assert_apart, least_open


@pytest.mark.sanitized
def test_the_loop_shares_no_descriptors():
    with Upstream() as upstream, proxy(upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 200
        assert_apart(host.pid, host.store)


def test_50_reloads_leave_no_descriptor():
    def reload(times):
        for _ in range(times):
            count = host.logs().count("configuration reloaded")
            host.reload()
            wait_until(lambda: host.logs().count("configuration reloaded") > count, what="the reload's line")
            assert request(host.port, "POST", "/orders", b"{}").status == 200
        return least_open(lambda: [host.pid])

    with Upstream() as upstream, proxy(upstream) as host:
        assert reload(5) == reload(45)
