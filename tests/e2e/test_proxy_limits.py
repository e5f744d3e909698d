"""Limits and deadlines of the front, and constant memory whatever goes through."""

import os
import threading
import time

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


def test_a_dripping_head_has_a_total_deadline():
    with Upstream() as upstream, proxy(upstream, header_timeout="500ms") as host, Client(host.port) as client:
        began = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n")
        with pytest.raises((ConnectionError, StopIteration)):
            for n in range(100):
                time.sleep(0.05)
                client.send(b"X-%d: y\r\n" % n)
                client.socket.setblocking(False)
                try:
                    if client.stream.fill():
                        raise StopIteration
                except BlockingIOError:
                    pass
                client.socket.settimeout(10)
        assert client.reply().status == 408
        assert 0.4 < time.monotonic() - began < 3


def test_a_connection_without_a_request_is_closed():
    with Upstream() as upstream, proxy(upstream, header_timeout="300ms", keepalive_timeout="600ms") as host:
        with Client(host.port) as client:
            assert client.closed(3)
        with Client(host.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().status == 200
            began = time.monotonic()
            assert client.closed(5) and time.monotonic() - began > 0.4


@pytest.mark.slow
def test_a_dripping_body_has_a_minimum_rate():
    with Upstream() as upstream, proxy(upstream, body_min_rate="100B") as host, Client(host.port, timeout=40) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
        stop = threading.Event()

        def drip():
            while not stop.wait(0.5):
                try:
                    client.send(b"x")
                except OSError:
                    return
        thread = threading.Thread(target=drip)
        thread.start()
        assert client.reply().status == 408
        stop.set()
        thread.join()


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


def stream_through(host, client, total, peak):
    """Reads `total` body bytes, watching the process's memory."""
    got = len(client.stream.data)
    client.stream.data.clear()
    while got < total:
        more = client.socket.recv(MIB)
        assert more, f"only {got} bytes"
        got += len(more)
        if got // (64 * MIB) != (got - len(more)) // (64 * MIB):
            peak.append(host.resident_kib())
    return got


def memory_bound():
    """64 MiB; sanitizers keep freed memory in quarantine, so there only the order of magnitude counts."""
    return (400 if os.environ.get("TROTLINE_SANITIZED") else 64) * 1024


@pytest.mark.parametrize("path", ["/download", "/orders"])
def test_a_large_download_needs_constant_memory(path):
    total = 1024 * MIB
    block = b"d" * MIB

    def serve(_, connection, stream):
        stream.request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(total // MIB):
            connection.sendall(block)

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port, timeout=60) as client:
        peak = []
        client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
        client.stream.head()
        time.sleep(0.5)  # a client that does not read stops the upstream
        peak.append(host.resident_kib())
        stream_through(host, client, total, peak)
        assert max(peak) < memory_bound(), peak


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_upload_needs_constant_memory(chunked):
    total = 1024 * MIB
    block = b"u" * MIB
    release = threading.Event()

    def serve(server, connection, stream):
        stream.head()
        release.wait(5)
        got = len(stream.data)
        last = bytes(stream.data[-5:])
        view = bytearray(MIB)
        while got < total or (chunked and not last.endswith(b"0\r\n\r\n")):
            count = connection.recv_into(view)
            if not count:
                return
            got += count
            last = (last + bytes(view[max(0, count - 5):count]))[-5:]
        connection.sendall(response(201, b"{}"))

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port, timeout=60) as client:
        peak = []
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\n" + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total) + b"\r\n\r\n")
        sent = threading.Event()

        def watch():
            while not sent.wait(0.1):
                peak.append(host.resident_kib())
                if len(peak) > 5:
                    release.set()
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(total // MIB):
            client.send(b"%x\r\n%s\r\n" % (MIB, block) if chunked else block)
        if chunked:
            client.send(b"0\r\n\r\n")
        sent.set()
        watcher.join()
        assert client.reply("POST").status == 201
        assert max(peak) < memory_bound(), peak


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
            while True:
                try:
                    if not os.read(reader, MIB):
                        break
                except BlockingIOError:
                    client.send(b"GET /end HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert client.reply().status == 200
                    if "access log lines were dropped" in host.logs():
                        break
                    time.sleep(0.05)
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
