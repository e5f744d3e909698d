"""The nginx under test: one worker as a proxy, with a module or without, and what a load costs it.

The worker's own thread, the event loop, has core 0, with a module and without; upstream, sink and load have core 1. Its other threads, which
record and deliver, float over both as on a real server, and so take from the load as well as from the loop: their work, and that the caches
are theirs too. "loop" is the CPU of the worker's own thread, "all" that of all its threads, until nothing captured is left to write or to
send: the whole price.

What the module costs the loop by itself is measured with the store's lock taken (Site.recorder_waits): the loop judges, copies and hands over
as always, and the recorder takes it when the load has ended. That is what a machine shows that has a core for the recorder.
"""

import contextlib
import dataclasses
import fcntl
import os
import sqlite3
import statistics
import time
from pathlib import Path

import lab

CONF = """
@MAIN@
worker_processes 1; pid @DIR@/nginx.pid; error_log @DIR@/error.log warn; daemon off; @USER@
events { worker_connections 4096; }
http {
access_log off; keepalive_requests 100000000;
client_body_temp_path @DIR@/b; proxy_temp_path @DIR@/p; fastcgi_temp_path @DIR@/f; uwsgi_temp_path @DIR@/u; scgi_temp_path @DIR@/s;
upstream up { server 127.0.0.1:@UPSTREAM@; keepalive 256; keepalive_requests 100000000; }
upstream sink { server 127.0.0.1:@SINK@; keepalive 256; keepalive_requests 100000000; }
proxy_http_version 1.1; proxy_set_header Connection '';
@HTTP@
server { listen 127.0.0.1:@PORT@; @SERVER@ }
}
"""


@dataclasses.dataclass
class Kind:
    """Texts for nginx.conf, and files beside it. In all of them @DIR@, @PORT@, @UPSTREAM@ and @SINK@ stand for what the site gets."""

    main: str = ""
    http: str = ""
    server: str = "location / { proxy_pass http://up; }"
    files: dict = dataclasses.field(default_factory=dict)


PLAIN = Kind()
# What waits for a recorder that waits itself is memory that no real loop would need: not to be asked of the kernel anew each round.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(4 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


@dataclasses.dataclass
class Site:
    port: int
    worker: int
    folder: Path
    sent: int = 0  # requests of all loads so far

    @contextlib.contextmanager
    def recorder_waits(self):
        """Queues as a writer of the store before it (shorter than the store's patience, 1.5 s): what is captured stays in memory."""
        lock = os.open(self.folder / "store" / "writer.lock", os.O_RDWR)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def recorded(self):
        """How many events its store holds."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/store/trotline.db?mode=ro", uri=True, timeout=5)) as store:
            return store.execute("SELECT count(*) FROM events").fetchone()[0]


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
def site(kind, folder, upstream, sink=1):
    port = lab.free_port()
    place = Path(folder) / f"site-{port}"
    place.mkdir()
    known = {"MAIN": kind.main, "HTTP": kind.http, "SERVER": kind.server, "DIR": place, "PORT": port, "UPSTREAM": upstream, "SINK": sink,
             "USER": "user root;" if os.geteuid() == 0 else ""}
    for name, text in {"nginx.conf": CONF, **kind.files}.items():
        for key, value in known.items():
            text = text.replace(f"@{key}@", str(value))
        (place / name).write_text(text, encoding="utf-8")
    with lab.child(["nginx", "-p", place, "-c", place / "nginx.conf"], port=port, log=place / "output.log", env=os.environ | KEEP_MEMORY) as master:
        worker = worker_of(master.pid)
        os.sched_setaffinity(worker, {0})  # this one thread
        yield Site(port, worker, place)


def settle(place, deadline=60):
    """Until the worker has nothing more to do: what is left is this run's, and would disturb the next."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        before = lab.cpu_us(place.worker, waiting=True)
        time.sleep(0.05)
        if lab.cpu_us(place.worker, waiting=True) - before < 1500:
            return
    raise RuntimeError(f"the worker on {place.port} finds no rest")


def load(place, seconds, connections=64, path="/orders", method="POST", rest=True):
    """One closed loop: requests a second, µs of CPU a request of the loop and of all threads, the median latency. Not rest: returns while
    the worker may still be busy with what it captured."""
    loop, everything = loop_us(place.worker), lab.cpu_us(place.worker)
    told = lab.wrk_told(f"http://127.0.0.1:{place.port}{path}", seconds, connections, core=1, method=method)
    place.sent += told["count"]
    told["loop"] = (loop_us(place.worker) - loop) / told["count"]
    if rest:
        settle(place)
    return told | {"all": (lab.cpu_us(place.worker) - everything) / told["count"]}


def load_alone(place, *arguments, **how):
    """The same with the recorder waiting; "loop" and "rps" are what the loop does by itself. The first one has to get memory."""
    everything = lab.cpu_us(place.worker)
    with place.recorder_waits():
        told = load(place, *arguments, rest=False, **how)
    settle(place)
    return told | {"all": (lab.cpu_us(place.worker) - everything) / told["count"]}


def rounds(count, loads, turned=False):
    """Runs all loads, one after the other, the order turned round each time. For each name what it measured, round by round. The first run
    after a start costs more, whoever makes it, and does not count."""
    runs = {name: [] for name in loads}
    for n in range(count):
        order = list(reversed(loads)) if (n + turned) % 2 else list(loads)
        if n == 0:
            loads[order[0]]()
        for name in order:
            runs[name].append(loads[name]())
    return runs


def halves(runs):
    """Plain nginx of each round: the mean of its two instances, whose memory does not lie alike."""
    return [{key: (a[key] + b[key]) / 2 for key in a} for a, b in zip(runs["plain"], runs["plain again"])]


def against(limits, runs):
    """Round by round, as ratios; "us" is what a request cost in all."""
    ratios = {key: lab.spread([run[key] / limit[key] for run, limit in zip(runs, limits)]) for key in ("rps", "loop", "all", "p50")}
    return ratios | {"us": lab.spread([run["all"] for run in runs]), "plain_us": lab.spread([limit["all"] for limit in limits])}


def median(runs, key):
    return statistics.median(run[key] for run in runs)
