"""Who Trotline talks to: scripted upstreams and receivers, one thread a connection, and raw clients."""

import contextlib
import socket
import ssl
import threading

from messages import Stream, response
from places import PATIENCE
from waiting import wait_until


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
        self.port = self.socket.getsockname()[1]
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
