"""Limits of the front, and what happens at them: sizes, numbers of clients, logs and readers that take no more."""

import contextlib
import os

import pytest

from harness import Client, Upstream, response, wait_until
from proxy import access, proxy

MIB = 1 << 20


@pytest.mark.parametrize("raw, status", [
    (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(40)) + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 5000 + b"\r\n\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"z" * 1000 + b"\r\n1\r\nz\r\n0\r\n\r\n", 413),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
], ids=["uri", "fields", "head", "body", "chunked-body", "no-host", "version", "expectation"])
def test_limits(raw, status):
    def drain(_, connection, stream):
        while stream.fill():
            stream.data.clear()

    with Upstream(serve=drain) as upstream, proxy(upstream, header_bytes="4KiB", header_count=30, uri_bytes="2KiB", body_bytes="1000B") as host, \
            Client(host.port) as client:
        client.send(raw)
        reply = client.reply()
        assert reply.status == status and reply.header("connection") == "close" and reply.header("content-type").startswith("text/plain")
        assert client.closed()


def test_a_client_that_still_sends_can_read_the_refusal():
    with Upstream() as upstream, proxy(upstream, body_bytes="1000B") as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
        for _ in range(50):
            client.send(b"x" * 100_000)
        assert client.reply().status == 413
        assert upstream.accepted == 0


def test_clients_beyond_the_limit_wait_and_idle_ones_make_room():
    with Upstream() as upstream, proxy(upstream, client_connections=4) as host:
        idle = [Client(host.port) for _ in range(4)]
        for client in idle:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().status == 200
        with Client(host.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().status == 200
        busy = [Client(host.port) for _ in range(4)]
        for client in busy:
            client.send(b"GET / HTTP/1.1\r\nX: ")
        late = Client(host.port)
        late.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        late.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.socket.recv(1)
        busy[0].close()
        late.socket.settimeout(10)
        assert late.reply().status == 200
        for client in [*idle, *busy, late]:
            client.close()


def test_a_full_log_pipe_blocks_nothing(tmp_path):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with Upstream() as upstream, proxy(upstream, access_log=str(fifo)) as host, Client(host.port) as client:
            target = "/" + "x" * 4000
            for _ in range(400):  # 1.6 MB of lines; the pipe takes 64 KiB, the buffer one MiB
                client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                assert client.reply().status == 200

            def told():
                with contextlib.suppress(BlockingIOError):
                    os.read(reader, MIB)
                client.send(b"GET /end HTTP/1.1\r\nHost: a\r\n\r\n")
                assert client.reply().status == 200
                return "access log lines were dropped" in host.logs()
            wait_until(told, 20, "word of the dropped lines")
    finally:
        os.close(reader)


def test_a_slow_reader_does_not_slow_others():
    body = b"s" * (20 * MIB)
    with Upstream(lambda got: response(200, body if got.target == "/big" else b"small")) as upstream, proxy(upstream) as host, Client(host.port) as slow:
        slow.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: upstream.requests, what="the big request")
        with Client(host.port) as client:
            for _ in range(100):
                client.send(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")
                assert client.reply().body == b"small"
        assert slow.reply().body == body
        wait_until(lambda: any(line["bytes"] == str(len(body)) for line in access(host)), what="its line")
