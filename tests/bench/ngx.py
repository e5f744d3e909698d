"""The nginx module: CPU per request and requests a second against the same nginx without it, same upstream, same load; interleaved pairs.

nginx has core 0 for its loop and whatever threads the module starts, load and upstream have core 1. "loop" is the CPU of the worker's own
thread, "all" that of all its threads: what is recorded is paid for by the recorder's thread.
"""

import contextlib
import os
import tempfile
import time
from pathlib import Path

import lab

MODULE = lab.BUILD / "ngx_http_trotline_module.so"
CONFIG = """
[store]
url = "sqlite:{dir}/store"
guarantee = "{guarantee}"
retention = "1h"
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
"""
CONF = """
{load}
worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log warn; daemon off; {user}
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; {trotline} {http} }}
"""


def worker_of(master, deadline=10):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        for pid in lab.children(master):
            if "worker process" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"):
                return pid
        time.sleep(0.02)
    raise RuntimeError("nginx has no worker")


def loop_us(pid):
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1000


@contextlib.contextmanager
def site(upstream, folder, variant):
    """nginx as a proxy: variant "plain" (no module), "off" (loaded), "async" or "hold". Yields its port and its worker's pid."""
    port = lab.free_port()
    place = Path(folder) / f"{variant}-{port}"
    place.mkdir()
    (place / "trotline.toml").write_text(CONFIG.format(dir=place, guarantee="async" if variant == "async" else "hold"), encoding="utf-8")
    with_module = variant != "plain"
    trotline = f"trotline_config {place}/trotline.toml; trotline {'off' if variant == 'off' else 'on'};" if with_module else ""
    (place / "nginx.conf").write_text(CONF.format(dir=place, load=f"load_module {MODULE};" if with_module else "", trotline=trotline,
                                                  user="user root;" if os.geteuid() == 0 else "", http=lab.plain_proxy(port, upstream)),
                                      encoding="utf-8")
    with lab.child(["nginx", "-p", place, "-c", place / "nginx.conf"], port=port, core=0) as master:
        yield port, worker_of(master.pid)


def load(place, seconds, connections, path="/orders", method="POST"):
    """Requests a second, CPU of the loop and of all threads per request, median latency; all in µs."""
    port, worker = place
    loop, everything = loop_us(worker), lab.cpu_us(worker)
    rps, p50 = lab.wrk_latency(f"http://127.0.0.1:{port}{path}", seconds, connections, core=1, method=method)
    count = rps * seconds
    return {"rps": rps, "loop": (loop_us(worker) - loop) / count, "all": (lab.cpu_us(worker) - everything) / count, "p50": p50}


def compare(count, first, second):
    """Interleaved runs of two loads: the ratios of what they measured."""
    runs = []
    for n in range(count):
        if n % 2 == 0:
            a, b = first(), second()
        else:
            b, a = second(), first()
        runs.append((a, b))
    return {key: lab.spread([b[key] / a[key] for a, b in runs]) for key in runs[0][0]} | {
        "us": lab.spread([b["all"] for _, b in runs]), "plain_us": lab.spread([a["all"] for a, _ in runs])}


def measure(quick=False, folder=None):
    seconds, count = (2, 3) if quick else (4, 7)
    result = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trotline-bench-", dir=folder))
        upstream = lab.free_port()
        stack.enter_context(lab.nginx(lab.order_upstream(upstream), upstream, core=1))
        sites = {name: stack.enter_context(site(upstream, folder, name)) for name in ("plain", "off", "async", "hold")}

        def against_plain(name, connections=64, path="/orders", method="POST"):
            return compare(count, lambda: load(sites["plain"], seconds, connections, path, method),
                           lambda: load(sites[name], seconds, connections, path, method))

        result["A/A"] = against_plain("plain")
        result["off"] = against_plain("off")
        result["unmatched GET"] = against_plain("hold", path="/other", method="GET")
        result["async"] = against_plain("async")
        result["hold 256"] = against_plain("hold", connections=256)
        one = [(load(sites["plain"], 1, 1)["p50"], load(sites["hold"], 1, 1)["p50"], lab.fdatasync_us(folder)) for _ in range(count)]
        result["hold 1: more ms than 2.5 fdatasync"] = lab.spread([(held - plain - 2.5 * sync) / 1000 for plain, held, sync in one])
        result["hold 1: p50 us"] = lab.spread([held for _, held, _ in one])
    return result


if __name__ == "__main__":
    import json
    import sys
    print(json.dumps(measure("--quick" in sys.argv), indent=1))
