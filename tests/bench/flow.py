"""E1-E4 and Z1: open-loop orders through the standalone host to a receiver, durable, with a ledger that must balance.

The loads are shares of what plain nginx proxies on one core in the same run, so that they mean the same on every machine: the
floors were set at 5,000, 10,000 and 12,000 events/s where nginx made 92,000.

E1  0.13 of nginx's rate, sustained
E2  capture → 2xx at 0.054 of it, against the least that must be done: append, fdatasync, one POST on one connection, one event
    after the other at the same pace (a processor that must wake up first is part of both); besides against each in a tight loop
E3  at 0.109 of it with 10 ms added to each fsync
E4  CPU of the host at E2's load with guarantee "async": with the usual linger against none
"""

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import lab

CONFIG = """
[store]
url = "sqlite:{dir}/store"
{store}
[egress]
allow = ["127.0.0.1/32"]
[standalone]
listen = ["127.0.0.1:{port}"]
upstream = "http://127.0.0.1:{upstream}"
access_log = ""
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[subscription]]
name = "sink"
topics = ["*"]
url = "http://127.0.0.1:{sink}/hook"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
concurrency = 64
"""

# A disk that is slow: fdatasync and fsync sleep first. Kinder than a busy disk, but the waiting is real.
SLOW_SYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_first(void) { const char *us = getenv("SLOW_SYNC_US"); if (us) usleep((useconds_t)atoi(us)); }
int fdatasync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
int fsync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
"""


@contextlib.contextmanager
def standalone(ports, folder, slow_us=0, slow_library=None, store=""):
    """The standalone host between `ports`: its own port and pid. `store` is more lines of [store]."""
    port = lab.free_port()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        config = Path(place) / "trotline.toml"
        config.write_text(CONFIG.format(dir=place, port=port, store=store, **ports), encoding="utf-8")
        env = dict(os.environ)
        if slow_us:
            env.update(LD_PRELOAD=str(slow_library), SLOW_SYNC_US=str(slow_us))
        with lab.child([lab.TROTLINE, "run", "-c", config], port=port, log=Path(place) / "log", env=env) as host:
            yield port, host.pid


def run_through(host, rate, seconds):
    """One load through the host that host(ports) starts. The ledger with the host's CPU: seconds per second, and µs until all was delivered."""
    flow = subprocess.Popen([str(lab.BENCH / "bench_flow"), "ports"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with host(json.loads(flow.stdout.readline())) as (port, pid):
            before, began = lab.cpu_us(pid), time.monotonic()
            flow.stdin.write(f"go {port} {rate} {seconds}\n")
            flow.stdin.flush()
            ledger = json.loads(flow.stdout.readline())
            ledger["cpu_us"] = lab.cpu_us(pid) - before
            ledger["cores"] = round(ledger["cpu_us"] / 1e6 / (time.monotonic() - began), 3)
    finally:
        flow.stdin.close()
        flow.wait(10)
    ledger["rate"] = rate
    ledger["balances"] = ledger["offered"] == ledger["acked"] + ledger["errors"] and ledger["missing"] == 0
    if not ledger["balances"]:
        raise RuntimeError(f"the ledger does not balance, the run is void: {ledger}")
    return ledger


def run(rate, seconds, folder, slow_us=0, slow_library=None, store=""):
    """One load through the standalone host: the ledger, and the fdatasync of the moment."""
    sync_us = lab.fdatasync_us(folder) + slow_us
    return run_through(lambda ports: standalone(ports, folder, slow_us, slow_library, store), rate, seconds) | {"sync_us": round(sync_us)}


def one_post_us(quick):
    """One POST on one connection to a receiver, nothing else: the floor of a delivery."""
    port = lab.free_port()
    with lab.nginx(f"server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}", port):
        return 1e6 / lab.wrk(f"http://127.0.0.1:{port}/", 1 if quick else 2, connections=1)


def limit_us(rate, seconds, folder):
    told = lab.program("bench_flow", "limit", folder, rate, seconds)
    return told["sync_p50_us"] + told["post_p50_us"]


def plain_rate():
    """Requests a second of nginx as a plain proxy on one core, upstream and load on the other."""
    upstream, plain = lab.free_port(), lab.free_port()
    with lab.nginx(lab.order_upstream(upstream), upstream, core=1), lab.nginx(lab.plain_proxy(plain, upstream), plain, core=0):
        return statistics.median(lab.wrk(f"http://127.0.0.1:{plain}/orders", 2, core=1) for _ in range(3))


def measure(quick=False, folder=None):
    seconds, count = (3, 2) if quick else (6, 5)
    nginx = plain_rate()
    usual, double, most = (round(nginx * share) for share in (0.054, 0.109, 0.13))
    result = {"nginx": round(nginx), "rates": [usual, double, most]}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trotline-bench-", dir=folder))
        library = Path(folder) / "slowsync.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", str(library), "-ldl"], input=SLOW_SYNC, text=True, check=True)
        post_us = one_post_us(quick)
        limits, runs = [], []
        for _ in range(count):
            limits.append(limit_us(usual, seconds / 2, folder))
            runs.append(run(usual, seconds, folder))
        result["E2 p50 / (fdatasync + POST)"] = lab.spread([each["flow_p50_us"] / limit for each, limit in zip(runs, limits)])
        result["E2 p50 / (fdatasync + POST in tight loops)"] = lab.spread([each["flow_p50_us"] / (each["sync_us"] + post_us) for each in runs])
        result["E2 p50 us"] = lab.spread([each["flow_p50_us"] for each in runs])
        result["E2 p99 ms"] = lab.spread([each["flow_p99_us"] / 1000 for each in runs])
        result["E4 cores"] = lab.spread([each["cores"] for each in runs])

        def cores(linger):
            return run(usual, seconds, folder, store=f'guarantee = "async"\nlinger = "{linger}"')["cores"]

        result["E4 linger"] = lab.spread(lab.pairs(count, lambda: cores("0s"), lambda: cores("1ms")))
        slow = [run(double, seconds, folder, 10000, library) for _ in range(max(2, count - 2))]
        result["E3 p50 / fsync"] = lab.spread([each["flow_p50_us"] / each["sync_us"] for each in slow])
        result["E3 backlog ms after the load"] = lab.spread([each["drain_ms"] for each in slow])
        result["E1"] = run(most, seconds, folder)
        result["post_us"] = round(post_us)
        result["sync_us"] = round(statistics.median(each["sync_us"] for each in runs))
    return result


if __name__ == "__main__":
    import sys
    print(json.dumps(measure("--quick" in sys.argv), indent=1))
