"""Deadlines of the front: a client that is too slow is answered 408 and closed, one that is just fast enough is served.

Time itself is what is tested here: the clients keep a pace, and sleep for it.
"""

import contextlib
import threading
import time
from dataclasses import dataclass, field

import pytest
from harness import PATIENCE, Client, Upstream, response
from proxy import access, access_line, proxy

RATE = 1000       # bytes a second, [standalone] body_min_rate of these tests
WINDOW = 10       # seconds that the rate is judged over
TICK = 0.1


def test_a_dripping_head_has_a_total_deadline():
    with Upstream() as upstream, proxy(upstream, header_timeout="500ms") as host, Client(host.port) as client:
        began = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n")
        client.socket.settimeout(0.05)  # the pace: a line each time that nothing came
        ended = False
        while not ended and time.monotonic() - began < 10:
            with contextlib.suppress(TimeoutError):
                ended = client.stream.fill()
            if not ended:
                client.send(b"X: y\r\n")
        client.socket.settimeout(10 * PATIENCE)
        assert client.reply().status == 408 and client.closed()
        assert 0.4 < time.monotonic() - began < 3 * PATIENCE
        assert upstream.accepted == 0


def test_a_head_that_comes_in_pieces_before_the_deadline_is_served():
    with Upstream() as upstream, proxy(upstream, header_timeout="3s") as host, Client(host.port) as client:
        for piece in b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".splitlines(keepends=True):
            client.send(piece)
            time.sleep(0.3)
        assert client.reply().status == 200


def test_a_connection_without_a_request_is_closed():
    with Upstream() as upstream, proxy(upstream, header_timeout="300ms", keepalive_timeout="600ms") as host:
        with Client(host.port) as client:
            assert client.closed(3)
        with Client(host.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().status == 200
            began = time.monotonic()
            assert client.closed(5) and time.monotonic() - began > 0.4


# ---- a body's minimum rate


@dataclass
class Drip:
    """A client that sends a body of `total` bytes, `at_once` of them at once and the rest at `rate` bytes a second."""

    path: str
    total: int
    rate: float
    at_once: int = 0
    chunked: bool = False
    status: int = 0
    connection: str = ""
    seconds: float = 0  # until the answer
    closed: bool = False
    thread: threading.Thread = field(default=None, repr=False)

    def start(self, port):
        self.thread = threading.Thread(target=self.run, args=(port,))
        self.thread.start()
        return self

    def framed(self, length):
        # A chunk's frame counts too: the data is shortened by it, so that the pace is the one on the wire.
        return b"x" * length if not self.chunked else b"%x\r\n%s\r\n" % (length, b"x" * length)

    def run(self, port):
        with Client(port, timeout=60) as client:
            framing = "Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {self.total}"
            client.send(f"POST {self.path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n".encode())
            began = time.monotonic()
            answered = threading.Event()
            sender = threading.Thread(target=self.send, args=(client, began, answered))
            sender.start()
            reply = client.reply("POST")
            self.seconds = time.monotonic() - began
            answered.set()
            sender.join()
            if reply is not None:
                self.status, self.connection = reply.status, reply.header("connection", "")
            self.closed = client.closed(3)

    def send(self, client, began, answered):
        with contextlib.suppress(OSError):  # refused: the answer tells
            sent = self.at_once
            client.send(self.framed(self.at_once) if self.at_once else b"")
            while sent < self.total and not answered.wait(TICK if self.rate else 60):
                due = min(self.total, self.at_once + int((time.monotonic() - began + TICK) * self.rate))
                if due > sent:
                    client.send(self.framed(due - sent))
                sent = max(sent, due)
            if self.chunked and sent >= self.total:
                client.send(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def drips():
    """All of these at the same time, because each takes longer than the window."""
    clients = {
        "slow": Drip("/orders", total=4 * RATE * WINDOW, rate=0.85 * RATE),
        "slow, chunked": Drip("/orders/1", total=4 * RATE * WINDOW, rate=0.85 * RATE * 0.9, chunked=True),
        "fast enough": Drip("/orders/2", total=int(1.35 * RATE * WINDOW), rate=1.15 * RATE),
        "fast enough, chunked": Drip("/orders/3", total=int(1.35 * RATE * WINDOW), rate=1.15 * RATE, chunked=True),
        "fast and then silent": Drip("/orders/4", total=4 * RATE * WINDOW, rate=0, at_once=2 * RATE * WINDOW),
        "held up by the upstream": Drip("/stuck", total=64 << 20, rate=0, at_once=64 << 20),
    }
    others_are_done = threading.Event()

    def serve(server, connection, stream):
        with contextlib.suppress(EOFError):
            head = stream.head()
            if " /stuck " in head[0]:
                others_are_done.wait(60)
            server.record(stream.request(head))
            connection.sendall(response(201, b"{}"))

    with Upstream(serve=serve) as upstream, proxy(upstream, body_min_rate=RATE) as host:
        for client in clients.values():
            client.start(host.port)
        for name, client in clients.items():
            if name == "held up by the upstream":
                others_are_done.set()
            client.thread.join()
        yield host, upstream, clients


@pytest.mark.parametrize("name, windows", [("slow", 1), ("slow, chunked", 1), ("fast and then silent", 2)])
def test_a_body_slower_than_the_minimum_rate_is_answered_408_and_closed(drips, name, windows):
    host, upstream, clients = drips
    client = clients[name]
    assert (client.status, client.connection, client.closed) == (408, "close", True), client
    assert windows * WINDOW - 1 < client.seconds < windows * WINDOW + 3 * PATIENCE, client
    assert client.path not in [seen.target for seen in upstream.requests]
    line = access_line(host, f"POST {client.path}")
    assert line["status"] == "408" and line["events"] == "-"


@pytest.mark.parametrize("name", ["fast enough", "fast enough, chunked"])
def test_a_body_a_little_faster_than_the_minimum_rate_passes(drips, name):
    host, upstream, clients = drips
    client = clients[name]
    assert client.status == 201 and client.seconds > WINDOW, client
    seen, = (seen for seen in upstream.requests if seen.target == client.path)
    assert len(seen.body) == client.total
    assert access_line(host, f"POST {client.path}")["events"] != "-"


def test_a_client_that_waits_for_the_upstream_is_not_to_blame(drips):
    host, upstream, clients = drips
    client = clients["held up by the upstream"]
    assert client.status == 201 and client.seconds > 2 * WINDOW - 1, client
    assert [len(seen.body) for seen in upstream.requests if seen.target == "/stuck"] == [client.total]
    assert not [line for line in access(host) if line["request"].startswith("POST /stuck ") and line["status"] != "201"]
