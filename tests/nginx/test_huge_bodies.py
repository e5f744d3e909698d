"""100 MB in either direction: the same bytes without Trotline, captured and held, and no worker takes memory for them."""

import pytest
from h2 import DATA, H2
from harness import Client, Upstream, response, wait_steady, wait_until
from memory import bounded
from ngx import TRUNCATED
from shopping import dateless
from test_identity import KINDS
from test_large_bodies import BLOCK, PERIOD, Body, receive_body, send_body

SIZE = 100_000_000
MIB = 32
SERVER = """
client_max_body_size 0;
location / { proxy_pass http://@UPSTREAM@; proxy_http_version 1.1; }
location /unbuffered/ {
    proxy_pass http://@UPSTREAM@/;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
}
"""
CONFIG = '[[hook]]\ntopic = "file.stored"\nmatch = "POST /{path*}"\npayload = { a = "request:", b = "response:" }\n'
FRAMING = {"length": f"Content-Length: {SIZE}\r\n", "chunked": "Transfer-Encoding: chunked\r\n"}
FORMS = pytest.mark.parametrize(("workers", "framing"), [(1, "length"), (2, "chunked")])
PATHS = ["/orders", "/unbuffered/orders"]
EVENTS = {"off": 0, "async": len(PATHS), "hold": len(PATHS)}


def pieces():
    return (BLOCK[:min(PERIOD, SIZE - at)] for at in range(0, SIZE, PERIOD))


class Giver(Upstream):
    """Answers with the large body, framed as it was asked for."""

    def __init__(self):
        self.sent = [0]
        super().__init__(serve=self.script_of_one)

    def script_of_one(self, _, connection, stream):
        framing = stream.request().header("x-framing", "length")
        self.sent[0] = 0
        connection.sendall(f"HTTP/1.1 201 Created\r\n{FRAMING[framing]}\r\n".encode())
        send_body(connection, SIZE, framing == "chunked", self.sent)


class Taker(Upstream):
    """Looks at the large body, however it is framed by now."""

    def __init__(self):
        self.bodies = []
        super().__init__(serve=self.script_of_one)

    def script_of_one(self, _, connection, stream):
        _, headers, _ = stream.head()
        chunked = "Transfer-Encoding" in dict(headers)
        self.bodies.append(receive_body(connection, stream.data, SIZE, chunked))
        connection.sendall(response(201, b"{}"))


def whole(body):
    return (body.count, body.wrong) == (SIZE, None)


def judge(host, count):
    if count:
        events = host.recorded()
        assert len(events) == count and all(event["flags"] & TRUNCATED for event in events)
    assert not host.alarms()


@FORMS
def test_an_answer(site, framing):
    """The buffered one is in a temporary file before its client reads a byte."""
    heads = {}

    def download(host, upstream, path):
        with Client(host.port, 60) as client:
            client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Framing: {framing}\r\nContent-Length: 0\r\n\r\n".encode())
            if path == PATHS[0]:
                wait_until(lambda: upstream.sent[0] == SIZE, 60, "nginx to take the answer")
            _, _, head = client.stream.head()
            assert whole(receive_body(client.socket, client.stream.data, SIZE, framing == "chunked"))
            return dateless(head)

    with Giver() as upstream:
        for kind, count in EVENTS.items():
            upstream.sent[0] = 0
            with site(SERVER, upstream=upstream, config=CONFIG, **KINDS[kind]) as host:
                with bounded(host, MIB):
                    heads[kind] = [download(host, upstream, path) for path in PATHS]
                judge(host, count)
    assert heads["off"] == heads["async"] == heads["hold"]


@FORMS
def test_a_request(site, framing):
    answers = {}

    def upload(host, path):
        with Client(host.port, 60) as client:
            client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\n{FRAMING[framing]}\r\n".encode())
            send_body(client.socket, SIZE, framing == "chunked", [0])
            return dateless(client.reply().raw)

    with Taker() as upstream:
        for kind, count in EVENTS.items():
            upstream.bodies.clear()
            with site(SERVER, upstream=upstream, config=CONFIG, **KINDS[kind]) as host:
                with bounded(host, MIB):
                    answers[kind] = [upload(host, path) for path in PATHS]
                assert len(upstream.bodies) == len(PATHS) and all(map(whole, upstream.bodies))
                judge(host, count)
    assert answers["off"] == answers["async"] == answers["hold"]


class Streaming(H2):
    """Looks at the answer's body as it comes."""

    def __init__(self, *options):
        self.body = Body()
        super().__init__(*options)

    def keep(self, kind, stream, payload):
        if kind == DATA:
            self.body.take(memoryview(payload))
        else:
            super().keep(kind, stream, payload)


def test_an_answer_over_http_2(site):
    with Giver() as upstream, site(SERVER, upstream=upstream, config=CONFIG, h2=True) as host:
        with Streaming(host.port2, 60) as client, bounded(host, MIB):
            stream = client.ask("POST", "/orders", b"{}")
            client.grant(stream, 1 << 30)
            client.wait(stream)
            assert whole(client.body)
        judge(host, 1)


def test_a_request_over_http_2(site):
    with Taker() as upstream, site(SERVER, upstream=upstream, config=CONFIG, h2=True) as host:
        with H2(host.port2, 60) as client, bounded(host, MIB):
            stream = client.ask("POST", "/unbuffered/orders", more=True)
            client.upload(stream, pieces())
            assert client.wait(stream).endswith(b"{}")
        assert whole(upstream.bodies[0])
        judge(host, 1)


def test_an_answer_that_nobody_reads_while_its_record_takes_long(site):
    """It trickles, so it fills the client's socket and then a file, not the worker's memory."""
    with Giver() as upstream, site(SERVER, upstream=upstream, config=CONFIG) as host:
        for path in PATHS:
            upstream.sent[0] = 0
            with Client(host.port, 60) as client, bounded(host, MIB):
                with host.locked():
                    client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
                    wait_until(lambda: upstream.sent[0], 10, "the upstream's answer")
                    wait_steady(lambda: upstream.sent[0], 0.3)
                client.stream.head()
                assert whole(receive_body(client.socket, client.stream.data, SIZE, False))
        assert len(host.recorded()) == len(PATHS)
