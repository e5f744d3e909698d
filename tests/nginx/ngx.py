"""The real nginx as a child process with Trotline's module in it, and the configurations it gets.

    with Upstream(answer) as upstream, Nginx(upstream=upstream, workers=2) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert [event["topic"] for event in host.recorded()] == ["order.created"]

In the texts `@DIR@` is the temporary directory, `@STORE@` the store's, `@PORT@` and `@PORT2@` ports of this machine, `@UPSTREAM@` the
upstream's address. With module=False the same configuration runs without Trotline, for comparisons. nginx and its workers are found by
their working directory, so that also those end whose master was killed.
Longer than 400 lines because one class is the whole life of one nginx.
"""

import contextlib
import functools
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1

from places import BUILD, PATIENCE
from tables import open_files
from waiting import can_connect, free_port, wait_until

NGINX = "/usr/sbin/nginx"
MODULE = BUILD / "ngx_http_trotline_module.so"
PARTIAL, TRUNCATED, SPILLED = 1, 2, 16

HOOKS = """
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"

[[hook]]
topic = "order.changed"
match = "PUT /orders/{id}"
id = "path:id"
payload = "request:"

[[hook]]
topic = "order.deleted"
match = "DELETE /orders/{id}"
id = "path:id"
payload = { id = "path:id" }
"""

PLAIN_PROXY = "location / { proxy_pass http://@UPSTREAM@; }"

OURS = re.compile(r"^\s*trotline(?:_config|_manage)?\b[^;]*;", re.MULTILINE)


def numbers_in_proc():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read_proc(pid, name):
    """A small file of a process; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def parent(pid):
    fields = read_proc(pid, "stat").rpartition(")")[2].split()
    return int(fields[1]) if fields and fields[0] != "Z" else 0


def threads(pid):
    """The names of a process's threads."""
    with contextlib.suppress(OSError):
        return [read_proc(pid, f"task/{task}/comm") for task in os.listdir(f"/proc/{pid}/task")]
    return []


@functools.cache
def sanitizer():
    """The runtime of AddressSanitizer that the module under test is linked with, or None. nginx itself is Debian's: it must be loaded first."""
    told = subprocess.run(["ldd", MODULE], capture_output=True, text=True, timeout=30, check=True).stdout
    found = re.search(r"libasan\.so\S* => (\S+)", told)
    return found and found[1]


class Nginx:
    """`server`, `http`, `main`, `events`: texts for these blocks. `config`: trotline.toml (default: HOOKS), `store`: keys for its [store].
    `trotline`: the value of the directive at http level. `listen`: options of the first port; h2=True adds a second one with http2."""

    def __init__(self, server=PLAIN_PROXY, *, upstream=None, config=HOOKS, store="", http="", main="", events="", workers=1, module=True,
                 trotline="on", level="info", user=None, listen="", h2=False, master=True, daemon=False, directory=None, wrap=()):
        self.own_directory = directory is None
        self.dir = Path(directory or tempfile.mkdtemp(prefix="trotline-ngx-"))
        self.store = self.dir / "store"
        self.conf, self.toml = self.dir / "nginx.conf", self.dir / "trotline.toml"
        self.pid_file, self.error_log, self.access_file = self.dir / "nginx.pid", self.dir / "error.log", self.dir / "access.log"
        self.port, self.port2 = free_port(), free_port()
        self.upstream = upstream
        self.count, self.module, self.master, self.daemon = workers if master else 1, module, master, daemon
        self.user = user or ("root" if os.geteuid() == 0 else None)
        self.wrap = list(wrap)  # a command to run it under: ["strace", "-f", …]
        self.process = None
        if user not in (None, "root"):
            os.chmod(self.dir, 0o755)
            self.store.mkdir(0o700)
            shutil.chown(self.store, user)
        self.texts = {"server": server, "http": http, "main": main, "events": events, "level": level, "listen": listen, "h2": h2,
                      "trotline": trotline}
        self.configure(config, store)
        self.write_conf()

    def _fill(self, text):
        address = self.upstream.address if self.upstream else "127.0.0.1:1"
        for name, value in (("DIR", self.dir), ("STORE", self.store), ("PORT", self.port), ("PORT2", self.port2), ("UPSTREAM", address)):
            text = text.replace(f"@{name}@", str(value))
        return text

    def configure(self, config, store=""):
        """Writes trotline.toml (also for a reload); [store] url is added when there is none."""
        if "[store]" not in config:
            config = f'[store]\nurl = "sqlite:@STORE@"\n{store}\n' + config
        self.toml.write_text(self._fill(config), encoding="utf-8")

    def write_conf(self, **texts):
        """Writes nginx.conf, with other texts for the blocks named."""
        self.texts.update(texts)
        get = self.texts.get
        temp = "".join(f"{name}_temp_path @DIR@/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = f"""
{f"load_module {MODULE};" if self.module else ""}
{f"user {self.user};" if self.user else ""}
daemon {"on" if self.daemon else "off"};
master_process {"on" if self.master else "off"};
worker_processes {self.count};
pid @DIR@/nginx.pid;
error_log @DIR@/error.log {get("level")};
{get("main")}
events {{ worker_connections 512; {get("events")} }}
http {{
{temp}
log_format test '"$request" status=$status sent=$body_bytes_sent events=$trotline_event topics=$trotline_topics hold=$trotline_hold_time';
access_log @DIR@/access.log test;
default_type application/octet-stream;
lingering_timeout 300ms;
trotline_config @DIR@/trotline.toml;
trotline {get("trotline")};
{get("http")}
server {{
listen 127.0.0.1:@PORT@ {get("listen")};
{"listen 127.0.0.1:@PORT2@ http2;" if get("h2") else ""}
{get("server")}
}}
}}
"""
        if not self.module:
            text = re.sub(r"\$trotline_\w+", "-", OURS.sub("", text))
        self.conf.write_text(self._fill(text), encoding="utf-8")

    @property
    def command(self):
        return [NGINX, "-p", str(self.dir), "-c", str(self.conf), "-e", str(self.error_log)]

    def test(self):
        """`nginx -t`."""
        return subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=30 * PATIENCE, check=False, cwd=self.dir,
                              env=self.environment())

    def environment(self):
        env = dict(os.environ)
        if self.module and sanitizer():
            # What nginx itself never frees is not ours to report.
            env.update(LD_PRELOAD=sanitizer(), ASAN_OPTIONS=f"detect_leaks=0:exitcode=99:log_path={self.dir}/asan",
                       UBSAN_OPTIONS=f"print_stacktrace=1:log_path={self.dir}/asan")
        return env

    def start(self, ready=True):
        with (self.dir / "output.log").open("ab") as output:
            command = [*self.wrap, *self.command]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.dir,
                                            env=self.environment())
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, deadline=20.0):
        def ready():
            if self.process.poll() is not None and not (self.daemon and self.process.returncode == 0):
                raise AssertionError(f"nginx ended with {self.process.returncode} before it listened:\n{self.output()}{self.logs()}")
            return len(self.workers()) == self.count and can_connect(self.port) and self.opened()
        wait_until(ready, deadline, lambda: f"{self.count} workers at port {self.port}:\n{self.output()}{self.logs()}")

    def opened(self):
        """Has every worker opened its store? A lock that a test takes must find it open."""
        on = [self.texts["trotline"], *re.findall(r"\btrotline (\w+);", self.texts["server"])]
        if not self.module or "on" not in on:
            return True
        return all(any("/trotline.db" in name for name in open_files(pid)) for pid in self.workers())

    # ---- processes

    @property
    def pid(self):
        """The first master's, also when nginx runs under another command; of a daemon the one that the pid file names."""
        if self.daemon:
            with contextlib.suppress(OSError, ValueError):
                return int(self.pid_file.read_text(encoding="ascii"))
            return -1
        if not self.wrap:
            return self.process.pid
        return wait_until(lambda: next((pid for pid in self.processes() if "master process" in read_proc(pid, "cmdline")), None), 10)

    def processes(self):
        """All of this nginx: masters, workers, helpers, also orphans."""
        found = []
        for pid in numbers_in_proc():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/cwd") == str(self.dir) and read_proc(pid, "comm") == "nginx" and parent(pid):
                    found.append(pid)
        return found

    def workers(self, master=None):
        """Workers that take connections."""
        if not self.master:
            return [self.process.pid] if self.process.poll() is None else []
        titles = {pid: read_proc(pid, "cmdline") for pid in self.processes()}
        return sorted(pid for pid, title in titles.items() if "worker process" in title and "shutting down" not in title
                      and parent(pid) == (master or self.pid))

    def shutting_down(self):
        """Workers of an older generation that still have something to do."""
        return [pid for pid in self.processes() if "worker process is shutting down" in read_proc(pid, "cmdline")]

    def masters(self):
        return [pid for pid in self.processes() if "master process" in read_proc(pid, "cmdline")]

    def signal(self, number, pid=None):
        os.kill(pid or self.pid, number)

    def reload(self, wait=True):
        """HUP; waits until all the workers are of the new generation."""
        before = set(self.workers())
        self.signal(SIGHUP)

        def renewed():
            now = set(self.workers())
            return len(now) == self.count and not now & before and self.opened()
        if wait:
            wait_until(renewed, 20, lambda: f"workers of a new generation:\n{self.logs()[-4000:]}")

    def reopen(self):
        self.signal(SIGUSR1)

    def kill_workers(self, count=None):
        """kill -9 of all or of so many workers; returns their ids. The master starts others."""
        killed = self.workers()[:count]
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)
        wait_until(lambda: not set(self.processes()) & set(killed), 10, "the workers killed")
        return killed

    def kill_worker(self):
        return self.kill_workers(1)[0]

    def kill_master(self):
        """kill -9 of the master alone; its workers live on."""
        os.kill(self.pid, SIGKILL)
        self.process.wait(10)

    def kill(self):
        """kill -9 of everything, as a power cut does it."""
        while left := self.processes():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, SIGKILL)
            time.sleep(0.01)  # between two looks
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def running(self):
        if self.daemon:
            return bool(self.processes())
        return self.process is not None and self.process.poll() is None

    def wait(self, deadline=10.0):
        """Waits for the end of all its processes; the first master's exit code."""
        def ended():
            self.process.poll()
            return self.process.returncode is not None and not self.processes()
        wait_until(ended, deadline, lambda: f"the end of nginx:\n{self.logs()[-4000:]}")
        return self.process.returncode

    def stop(self, deadline=10.0, number=SIGTERM):
        """TERM and wait for the end; the exit code."""
        if self.process is None:
            return None
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                self.signal(number)
        return self.wait(deadline)

    def quit(self, deadline=30.0):
        return self.stop(deadline, SIGQUIT)

    # ---- what it wrote

    def output(self):
        file = self.dir / "output.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def logs(self):
        return self.error_log.read_text(encoding="utf-8", errors="replace") if self.error_log.exists() else ""

    def access_log(self):
        return self.access_file.read_text(encoding="utf-8", errors="replace") if self.access_file.exists() else ""

    def access(self, count=1, deadline=10.0):
        """The access log's lines, taken apart, as soon as there are so many."""
        wait_until(lambda: len(self.access_log().splitlines()) >= count, deadline, lambda: f"{count} lines in:\n{self.access_log()}")
        found = []
        for line in self.access_log().splitlines():
            taken = re.fullmatch(r'"(.*)" status=(\d+) sent=(\d+) events=(\S*) topics=(\S*) hold=(\S*)', line)
            assert taken, f"not in the format: {line}"
            found.append(dict(zip(("request", "status", "sent", "events", "topics", "hold"), taken.groups(), strict=True)))
        return found

    def alarms(self):
        """Lines of the error log that must not be there in a quiet run."""
        return [line for line in self.logs().splitlines() if re.search(r"\[(alert|emerg|crit)\]|open socket|exited on signal", line)]

    # ---- the store

    @property
    def database(self):
        return self.store / "trotline.db"

    def rows(self, question, deadline=10.0):
        """An answer of the store's file, read with SQLite alone; tries again while the file is not there."""
        def ask():
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)) as connection:
                connection.row_factory = sqlite3.Row
                return ([dict(row) for row in connection.execute(question)],)

        def answered():
            try:
                return ask()
            except sqlite3.OperationalError:
                return None
        return wait_until(answered, deadline, f"an answer of {self.database}")[0]

    def events(self):
        return self.rows("SELECT * FROM events ORDER BY number")

    def wait_events(self, count, deadline=10.0):
        """The events, as soon as there are so many."""
        wait_until(lambda: len(self.events()) >= count, deadline, lambda: f"{count} events, got {self.events()}\n{self.logs()[-4000:]}")
        return self.events()

    def recorded(self):
        """All events there will ever be: ends nginx in peace, then reads."""
        assert self.quit() == 0, self.logs()[-4000:]
        return self.events()

    @contextlib.contextmanager
    def locked(self):
        """The store's file locked against writers: commits wait, for the store's patience (1.5 s), then go to the spill file."""
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
        finally:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            connection.close()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            self._forget()
            raise

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.running():
                self.stop()
        finally:
            if kind is not None:
                sys.stderr.write(f"---- nginx's error log ({self.error_log})\n{self.output()}{self.logs()[-8000:]}\n"
                                 f"---- access log\n{self.access_log()[-3000:]}\n")
            self.kill()
            reports = [file.read_text(encoding="utf-8", errors="replace") for file in sorted(self.dir.glob("asan.*"))]
            self._forget()
            assert not reports, f"a sanitizer's report:\n{reports[0][:6000]}"

    def _forget(self):
        if self.own_directory:
            shutil.rmtree(self.dir, ignore_errors=True)
