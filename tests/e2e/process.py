"""The real `trotline` as a child process, and the configurations it gets."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from places import BINARY, PATIENCE
from waiting import can_connect, free_port, wait_until


def toml(value):
    """A Python value as TOML text, for configurations made in tests."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {toml(each)}' for key, each in value.items()) + " }"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def trotline(*args, stdin=None, timeout=30.0, **options):
    """Runs a subcommand to its end: returncode, stdout and stderr as text."""
    return subprocess.run([str(BINARY), *map(str, args)], input=stdin, capture_output=True, timeout=timeout * PATIENCE,
                          text=not isinstance(stdin, bytes), check=False, **options)


class Trotline:
    """`trotline run` in the foreground, with a configuration text or with arguments; .port is its HTTP port.

    In the text `@DIR@` is the temporary directory, `@PORT@` the port to listen on and `@STORE@` the store's directory. What a text lacks of
    [standalone] listen and [store] url is added. `upstream` adds [standalone] upstream as well.
    """

    def __init__(self, config=None, *, args=None, upstream=None, standalone=None, directory=None, env=None, wrap=(), port=None, check=True):
        self.own_directory = directory is None
        self.dir = Path(directory or tempfile.mkdtemp(prefix="trotline-e2e-"))
        self.port = port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.store = self.dir / "store"
        self.config = self.dir / "trotline.toml"
        self.log_file = self.dir / "trotline.log"
        self.env = env
        self.wrap = list(wrap)  # a command to run it under: ["strace", "-f", …]
        self.check = check      # a sanitizer's report fails the test
        self.process = None
        if args is None:
            self.configure(config or "", upstream=upstream, standalone=standalone)
            self.args = ["run", "-c", str(self.config)]
        else:
            self.args = ["run", *[self._fill(str(arg)) for arg in args]]

    def _fill(self, text):
        return text.replace("@DIR@", str(self.dir)).replace("@PORT@", str(self.port)).replace("@STORE@", str(self.store))

    def configure(self, config, *, upstream=None, standalone=None):
        """Writes the configuration (also for a reload). `standalone`: keys for its [standalone] section."""
        text = self._fill(config)
        keys = dict(standalone or {})
        if upstream is not None:
            keys.setdefault("upstream", upstream)
        if "[standalone]" not in text:
            keys.setdefault("listen", [f"127.0.0.1:{self.port}"])
            text += "\n[standalone]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
        elif keys:
            text = text.replace("[standalone]", "[standalone]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items()), 1)
        if "[store]" not in text:
            text += f"\n[store]\nurl = \"sqlite:{self.store}\"\n"
        self.config.write_text(text, encoding="utf-8")

    def start(self, ready=True):
        # A sanitizer's report ends the process with a code that stop() recognises.
        env = dict(os.environ, ASAN_OPTIONS="exitcode=99:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1:exitcode=99",
                   TSAN_OPTIONS="exitcode=99")
        env.update(self.env or {})
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen([*self.wrap, str(BINARY), *self.args], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                            cwd=self.dir)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, deadline=15.0):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"trotline ended with {self.process.returncode} before it listened:\n{self.logs()}")
            return can_connect(self.port)
        wait_until(ready, deadline, lambda: f"listening on port {self.port}:\n{self.logs()}")

    @property
    def pid(self):
        """Of trotline itself, also when it runs under another command."""
        if not self.wrap:
            return self.process.pid
        return wait_until(lambda: next(iter(children_named(self.process.pid, "trotline")), None), 5, "the wrapped process")

    def signal(self, number):
        os.kill(self.pid, number)

    def reload(self):
        self.signal(signal.SIGHUP)

    def logs(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, deadline=10.0):
        """Waits for its end and returns the exit code."""
        try:
            return self.process.wait(deadline * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {deadline} s:\n{self.logs()[-4000:]}") from None

    def kill(self):
        """kill -9, as a power cut does it."""
        if self.running():
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self, deadline=10.0):
        """TERM and wait; returns the exit code, fails on a sanitizer's report."""
        if self.process is None:
            return None
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGTERM)
            try:
                self.wait(deadline)
            except AssertionError:
                self.kill()
                raise
        code = self.process.returncode
        text = self.logs()
        bad = next((line for line in text.splitlines() if "Sanitizer" in line or "runtime error:" in line), None)
        if self.check and (code == 99 or bad):
            raise AssertionError(f"sanitizer report: {bad}\n{text[-8000:]}")
        return code

    def restart(self):
        self.stop()
        return self.start()

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def peak_resident_kib(self):
        """The most memory it ever had."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            self._forget()
            raise

    def __exit__(self, kind, *_):
        try:
            self.stop()
        finally:
            if kind is not None:
                sys.stderr.write(f"---- trotline's log ({self.log_file})\n{self.logs()[-6000:]}\n")
            self.kill()
            self._forget()

    def _forget(self):
        if self.own_directory:
            shutil.rmtree(self.dir, ignore_errors=True)


def children_named(pid, name):
    """Process ids of the descendants of pid whose command is that name."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                for child in map(int, children.read().split()):
                    with open(f"/proc/{child}/comm", encoding="utf-8") as comm:
                        if comm.read().strip() == name:
                            found.append(child)
                    found += children_named(child, name)
    return found
