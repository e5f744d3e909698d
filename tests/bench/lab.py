"""What the benchmarks share: real servers in temporary directories on free loopback ports, wrk, CPU per process, interleaved pairs.

A figure is always a ratio against a limit measured in the same run: these machines are shared, absolute numbers are not comparable.
"""

import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TROTLINE_BUILD", ROOT / "build" / "release"))
BENCH = BUILD / "bench"
TROTLINE = BUILD / "trotline"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_port(port, process, deadline=15):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} does not listen on {port}")


@contextlib.contextmanager
def child(command, port=None, core=None, log=None, **options):
    """A process of ours, optionally pinned to a core, ended by its own pid."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    out = open(log, "ab") if log else subprocess.DEVNULL  # noqa: SIM115
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    try:
        if port is not None:
            wait_port(port, process)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if log:
            out.close()


NGINX = """
worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log warn; daemon off;
worker_rlimit_nofile 20000; events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; {http} }}
"""


@contextlib.contextmanager
def nginx(http, port, core=None):
    with tempfile.TemporaryDirectory(prefix="trotline-bench-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(dir=folder, http=http), encoding="utf-8")
        with child(["nginx", "-p", folder, "-c", config], port=port, core=core) as process:
            yield process


def order_upstream(port):
    """An upstream that answers 201 and 1 KB of JSON, 25 KB at /lists."""
    body = '{"id":1042,"state":"new","note":"' + "x" * 960 + '"}'
    line = '{"sku":"AB-1042","title":"A book about something","price":"19.90","quantity":2,"tax":{"rate":"7.0","amount":"2.61"},"tags":["a","b"]}'
    lines = ",".join(["$line"] * 190)  # nginx takes no word of 25 KB in its configuration
    return (f"server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 201 '{body}'; }} "
            f"location = /lists {{ set $line '{line}'; return 201 '{{\"id\":1042,\"lines\":[{lines}]}}'; }} }}")


def plain_proxy(port, upstream):
    return (f"upstream up {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }} server {{ listen 127.0.0.1:{port}; "
            "location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ''; } }")


WRK_POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"item":"book","note":"' .. string.rep("y", 980) .. '"}'
"""


def wrk_told(url, seconds, connections=64, core=None, method="POST"):
    """What one wrk thread did (POST: 1 KB each): requests a second, how many, their median latency in µs; fails on any error answer, or when
    there was none."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_POST if method == "POST" else "")
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, "--latency", url]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if re.search(r"Non-2xx|Socket errors: connect [1-9]|\b0 requests in", told):
        raise RuntimeError(told)
    p50, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", told).groups()
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), "count": int(re.search(r"(\d+) requests in", told)[1]),
            "p50": float(p50) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]}


def wrk(url, seconds, connections=64, core=None):
    """Requests a second of one wrk thread that POSTs 1 KB; fails on any error answer."""
    return wrk_told(url, seconds, connections, core)["rps"]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def cpu_us(pid, waiting=False):
    """CPU time of all threads of a process so far, in µs (schedstat: exact, not sampled); with `waiting` also what they waited for a core."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            ran, waited, _ = map(int, Path(f"/proc/{pid}/task/{task}/schedstat").read_text(encoding="ascii").split())
            total += ran + waited if waiting else ran
    return total / 1000


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            found += [int(each) for each in Path(f"/proc/{pid}/task/{task}/children").read_text(encoding="ascii").split()]
    return found


def pairs(count, first, second):
    """Interleaves two measurements, swapping their order each time; the ratios second / first."""
    ratios = []
    for n in range(count):
        if n % 2 == 0:
            a, b = first(), second()
        else:
            b, a = second(), first()
        ratios.append(b / a)
    return ratios


def spread(values):
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3), "n": len(values)}


def program(name, *arguments, timeout=600, core=None):
    """Runs one of the C++ benchmarks; it prints one JSON object."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    told = subprocess.run([*pinned, str(BENCH / name), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)
    if told.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(map(str, arguments))} ended with {told.returncode}\n{told.stdout[-2000:]}{told.stderr[-2000:]}")
    return json.loads(told.stdout[told.stdout.index("{"):])


def fdatasync_us(folder, rounds=200):
    """The median cost of appending 1 KB and syncing it, in this folder, now."""
    times = []
    path = Path(folder) / "sync-probe"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(rounds):
            began = time.perf_counter()
            os.write(fd, b"x" * 1024)
            os.fdatasync(fd)
            times.append((time.perf_counter() - began) * 1e6)
    finally:
        os.close(fd)
        path.unlink()
    return statistics.median(times)


def log(*words):
    print(*words, file=sys.stderr, flush=True)
