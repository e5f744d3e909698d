"""200 reloads with traffic leave nothing behind: no descriptor, no memory, no connection, no process."""

import os
import time

import pytest
from harness import request, wait_until
from ngx import Nginx
from tables import open_files


def files(pid):
    return len(open_files(pid))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def reload_often(host, times):
    for n in range(times):
        # Three generations at most at any time: each of their workers has a spill file of its own.
        wait_until(lambda: len(host.processes()) <= 1 + 2 * 2, 20, "the end of the workers before the last")
        host.reload()
        assert request(host.port, "POST", "/orders", b'{"id":%d}' % n).status == 201
    # Not by their titles: one that has yet to hear of the last reload does not say that it is shutting down.
    wait_until(lambda: len(host.processes()) == 1 + 2, 20, "the end of the older workers")
    wait_until(lambda: (host.store / "dispatch.sock").exists(), 20, "a worker that dispatches")
    # At the least: the master has yet to hear of the end of a worker.
    masters = min(files(host.pid) for _ in range(20) if time.sleep(0.05) is None)
    left = {"master's files": masters, "processes": len(host.processes()),
            "store": sorted(name.name for name in host.store.iterdir() if not name.name.startswith(("status-", "spill")))}
    spills = [name.name for name in host.store.iterdir() if name.name.startswith("spill")]
    assert len(spills) <= 3 * 2, spills
    return left, resident_kib(host.pid), max(map(resident_kib, host.workers()))


@pytest.mark.slow
def test_200_reloads_leave_nothing_behind(shop):
    with Nginx(upstream=shop, workers=2) as host:
        before, master_before, worker_before = reload_often(host, 20)
        after, master_after, worker_after = reload_often(host, 180)
        assert after == before
        assert master_after - master_before < 2048, "the master grows"
        assert worker_after - worker_before < 4096, "a worker begins with more than its forerunners"
        assert len(host.events()) == 200 and not host.alarms()
        assert not [path for path in os.listdir(f"/proc/{host.pid}/task") if path != str(host.pid)]  # no thread in the master


def test_answers_of_many_sizes_leave_nothing_behind(site, shop):
    """A worker that has held thousands of answers is no larger than one that has held hundreds."""
    with site(upstream=shop) as host:
        def load(times):
            for n in range(times):
                assert request(host.port, "POST", "/orders", b'{"id":%d,"pad":"%s"}' % (n, b"p" * (n % 50 * 1000))).status == 201
            return max(map(resident_kib, host.workers())), max(map(files, host.workers()))
        memory, opened = load(200)
        memory_after, opened_after = load(800)
        assert memory_after - memory < 4096
        assert opened_after <= opened + 4  # connections that are closing
