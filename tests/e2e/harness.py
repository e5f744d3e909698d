"""What the end-to-end tests share: the real `trotline` as a child process, scripted upstreams, webhook receivers, waiting.

    with Upstream(answer) as upstream, Sink() as sink:
        config = f'''…[standalone]\\nupstream = "{upstream.url}"…'''
        with Trotline(config) as trotline:
            reply = request(trotline.port, "POST", "/orders", b"{}")
            wait_until(lambda: sink.requests)

Standard library only. The build under test is $TROTLINE_BUILD, default build/release. Everything binds loopback ports that the kernel
chose, lives in temporary directories, and is stopped by its own process id.
"""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TROTLINE_BUILD", ROOT / "build" / "release"))
BINARY = BUILD / "trotline"
CASES = ROOT / "tests" / "cases"
# Sanitizers and a loaded machine make everything slower, never different: every deadline is multiplied by this.
PATIENCE = float(os.environ.get("TROTLINE_PATIENCE", "1"))


def wait_until(predicate, deadline=10.0, what=None):
    """Polls until predicate() is true and returns its value; fails with `what` (text or function) after `deadline` seconds."""
    end = time.monotonic() + deadline * PATIENCE
    pause = 0.001
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {deadline} s: {told or getattr(predicate, '__name__', predicate)}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port(host="127.0.0.1"):
    """A port that was free a moment ago. Trotline sets SO_REUSEADDR, so nobody has to wait for it to be free again."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


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


class Server:
    """A threaded TCP server on loopback: one thread a connection, all of them ended by close()."""

    def __init__(self, port=0, tls=None):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.tls = tls  # an ssl.SSLContext
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self.lock = threading.Lock()
        self.open = set()
        self.accepted = 0
        self.closing = False
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while not self.closing:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.accepted += 1
                self.open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        plain = connection
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(connection)
        except (OSError, ssl.SSLError):
            pass  # the peer went away: what it saw of us is judged on its side
        finally:
            with self.lock:
                self.open.discard(plain)
            with contextlib.suppress(OSError):
                connection.close()

    def serve(self, connection):
        raise NotImplementedError

    def close(self):
        self.closing = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            still_open = list(self.open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@dataclass
class Request:
    """A request as it came: `raw` holds every byte of it."""

    method: str
    target: str
    version: str
    headers: list  # (name, value) pairs, as sent
    body: bytes
    raw: bytes
    time: float = field(default_factory=time.monotonic)

    def header(self, name, default=None):
        return next((value for each, value in self.headers if each.lower() == name.lower()), default)

    def all(self, name):
        return [value for each, value in self.headers if each.lower() == name.lower()]


@dataclass
class Reply:
    status: int
    reason: str
    headers: list
    body: bytes
    raw: bytes
    complete: bool = True

    header = Request.header
    all = Request.all


class Stream:
    """Reads HTTP messages off a socket. `source` needs recv only. Believes what it reads: for well-formed peers, and to record others."""

    def __init__(self, source, initial=b""):
        self.source = source
        self.data = bytearray(initial)
        self.ended = False

    def fill(self):
        """One more read; False at the end."""
        more = b"" if self.ended else self.source.recv(65536)
        self.ended = not more
        self.data += more
        return bool(more)

    def _take(self, n):
        taken = bytes(self.data[:n])
        del self.data[:n]
        return taken

    def _line(self):
        while (at := self.data.find(b"\n")) < 0:
            if not self.fill():
                raise EOFError
        return self._take(at + 1)

    def _exactly(self, n):
        while len(self.data) < n:
            if not self.fill():
                raise EOFError
        return self._take(n)

    def head(self):
        """First line and headers, raw; None when the stream ended before the first byte."""
        while not self.data:
            if not self.fill():
                return None
        raw = first = self._line()
        headers = []
        while True:
            line = self._line()
            raw += line
            if line in (b"\r\n", b"\n"):
                return first.decode("latin-1").rstrip("\r\n"), headers, raw
            name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
            headers.append((name, value.strip(" \t")))

    def chunked(self):
        """A chunked body: (data, raw)."""
        body, raw = bytearray(), bytearray()
        while True:
            line = self._line()
            raw += line
            size = int(line.split(b";")[0].strip(), 16)
            if size == 0:
                break
            piece = self._exactly(size)
            body += piece
            raw += piece + self._exactly(2)
        while True:
            line = self._line()
            raw += line
            if line in (b"\r\n", b"\n"):
                return bytes(body), bytes(raw)

    def request(self, head=None):
        """The next request with its body, or None at the end of the stream. `head`: what head() gave before."""
        head = head or self.head()
        if head is None:
            return None
        first, headers, raw = head
        method, target, version = (first.split(" ") + ["", ""])[:3]
        request = Request(method, target, version, headers, b"", raw)
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            request.body, more = self.chunked()
        else:
            request.body = more = self._exactly(int(request.header("content-length") or 0))
        request.raw += more
        return request

    def reply(self, method="GET"):
        """The next answer with its body; None when the stream ended before it. A body that is cut short is marked, not raised."""
        head = self.head()
        if head is None:
            return None
        first, headers, raw = head
        _, _, rest = first.partition(" ")
        status, _, reason = rest.partition(" ")
        reply = Reply(int(status), reason, headers, b"", raw)
        more = b""
        try:
            if reply.status < 200 or reply.status in (204, 304) or method == "HEAD":
                pass
            elif (reply.header("transfer-encoding") or "").lower() == "chunked":
                reply.body, more = self.chunked()
            elif reply.header("content-length") is not None:
                reply.body = more = self._exactly(int(reply.header("content-length")))
            else:
                while self.fill():
                    pass
                reply.body = more = self._take(len(self.data))
        except EOFError:
            reply.complete = False
            reply.body = more = self._take(len(self.data))
        reply.raw += more
        return reply


def response(status=200, body=b"", headers=(), reason="OK"):
    """A plain answer with Content-Length."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Upstream(Server):
    """A scripted upstream. `answer(request)` returns the bytes to send, or (bytes, "close") to close after them, or None to close at once.
    .requests holds what it saw. For scripts beside the usual, pass `serve(server, connection, stream)`: it has the connection alone."""

    def __init__(self, answer=None, *, serve=None, **options):
        self.answer = answer or (lambda request: response(200, b"ok"))
        self.script = serve
        self.requests = []
        super().__init__(**options)

    def record(self, request):
        with self.lock:
            self.requests.append(request)

    def serve(self, connection):
        stream = Stream(connection)
        if self.script:
            self.script(self, connection, stream)
            return
        with contextlib.suppress(EOFError):
            while (head := stream.head()) is not None:
                expect = next((value for name, value in head[1] if name.lower() == "expect"), "")
                if expect.lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                request = stream.request(head)
                self.record(request)
                answer = self.answer(request)
                close = answer is None or isinstance(answer, tuple)
                if answer is not None:
                    connection.sendall(answer[0] if isinstance(answer, tuple) else answer)
                if close:
                    return


class Sink(Server):
    """A webhook receiver. `script` answers in turn: statuses, (status, headers, body) triples, or functions of the request that return one
    of these or None (never answer); the last one repeats. .requests are the deliveries in the order they came."""

    def __init__(self, script=(200,), **options):
        self.script = list(script) if isinstance(script, (list, tuple)) else [script]
        self.requests = []
        super().__init__(**options)

    def serve(self, connection):
        stream = Stream(connection)
        with contextlib.suppress(EOFError):
            while (request := stream.request()) is not None:
                with self.lock:
                    answer = self.script[min(len(self.requests), len(self.script) - 1)]
                    self.requests.append(request)
                if callable(answer):
                    answer = answer(request)
                if answer is None:
                    while stream.fill():
                        pass
                    return
                status, headers, body = answer if isinstance(answer, tuple) else (answer, (), b"")
                connection.sendall(response(status, body, headers, "Scripted"))

    def wait(self, count, deadline=10.0):
        """The first `count` deliveries, as soon as they are there."""
        wait_until(lambda: len(self.requests) >= count, deadline, lambda: f"{count} deliveries, got {len(self.requests)}")
        return self.requests[:count]


class Client:
    """A raw client connection."""

    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout * PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = Stream(self.socket)

    def send(self, data):
        self.socket.sendall(data)
        return self

    def reply(self, method="GET"):
        return self.stream.reply(method)

    def closed(self, deadline=5.0):
        """Does the other side close (within the deadline), with nothing more to read?"""
        self.socket.settimeout(deadline * PATIENCE)
        try:
            return not self.stream.fill()
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(port, method, target, body=None, headers=(), host="shop.test", timeout=10.0):
    """One request on its own connection; the final Reply (interim answers are skipped)."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        lines.append(f"Content-Length: {len(body)}")
    with Client(port, timeout) as client:
        client.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))
        while (reply := client.reply(method)) is not None and reply.status < 200:
            pass
        return reply
