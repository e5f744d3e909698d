"""Held answers: no byte before the record, never an error instead of an upstream's 2xx, and the record survives who goes away."""

import os
import socket
import threading
import time

import pytest

from harness import Client, Upstream, end_at, free_port, request, response, wait_until
from proxy import access, access_line, proxy

# Every fdatasync of the store takes that long: the commit does, too.
SLOW = 0.6


def slow_store(tmp_path, seconds=SLOW):
    """Options for a Trotline whose store is slow: fdatasync delayed by strace."""
    return {"wrap": ["strace", "-f", "-qq", "-o", str(tmp_path / "strace"), "-e", "trace=fdatasync,fsync",
                     "-e", f"inject=fdatasync,fsync:delay_exit={int(seconds * 1e6)}"]}


def first_byte(client, within):
    """Seconds until the first byte of the answer, which stays to be read."""
    began = time.monotonic()
    client.socket.settimeout(within)
    assert client.stream.fill()
    return time.monotonic() - began


@pytest.mark.parametrize("raw", [response(201, b'{"id":1}'), response(200, b"x" * 20_000), response(204),
                                 b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"])
def test_no_byte_before_the_record(tmp_path, raw):
    with Upstream(lambda _: raw) as upstream, proxy(upstream, **slow_store(tmp_path)) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert first_byte(client, 10) >= SLOW * 0.9
        assert client.reply("POST").complete
        line = access_line(host, "POST /orders")
        assert float(line["hold"]) >= SLOW * 0.9 and line["events"] != "-"
        client.send(b"GET /else HTTP/1.1\r\nHost: a\r\n\r\n")
        assert first_byte(client, 10) < SLOW / 2


def test_a_hold_ends_at_its_deadline(tmp_path):
    with Upstream(lambda _: response(201, b"{}")) as upstream, proxy(upstream, store='hold = "200ms"', **slow_store(tmp_path, 1.5)) as host, \
            Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert 0.15 < first_byte(client, 10) < 1.2
        assert client.reply("POST").status == 201
        line = access_line(host, "POST /orders")
        assert line["events"] != "-" and float(line["hold"]) < 1.2
        assert "the store is slow" in host.logs()


def test_async_does_not_wait(tmp_path):
    with Upstream(lambda _: response(201, b"{}")) as upstream, proxy(upstream, store='guarantee = "async"', **slow_store(tmp_path)) as host, \
            Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert first_byte(client, 10) < SLOW / 2
        line = access_line(host, "POST /orders")
        assert line["hold"] == "-" and line["events"] != "-"


def test_what_failed_is_neither_held_nor_recorded(tmp_path):
    for status in (302, 400, 422, 500):
        with Upstream(lambda _, status=status: response(status, b"no")) as upstream, proxy(upstream, **slow_store(tmp_path)) as host, \
                Client(host.port) as client:
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            assert first_byte(client, 10) < SLOW / 2
            assert client.reply().status == status
            line = access_line(host, "POST /orders")
            assert line["hold"] == "-" and line["events"] == "-"


def test_an_answer_larger_than_the_cap_is_recorded_before_its_first_byte(tmp_path):
    body = os.urandom(8_000_000)
    with Upstream(lambda _: response(201, body)) as upstream, proxy(upstream, **slow_store(tmp_path)) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert first_byte(client, 10) >= SLOW * 0.9
        assert client.reply("POST").body == body
        assert access_line(host, "POST /orders")["events"] != "-"


def test_many_held_answers_share_a_commit(tmp_path):
    count = 100
    with Upstream(lambda got: response(201, got.body)) as upstream, proxy(upstream, **slow_store(tmp_path, 0.3)) as host:
        clients = [Client(host.port) for _ in range(count)]
        began = time.monotonic()
        for n, client in enumerate(clients):
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n%03d" % n)
        for n, client in enumerate(clients):
            assert client.reply("POST").body == b"%03d" % n
            client.close()
        assert time.monotonic() - began < count * 0.3 / 5


@pytest.mark.parametrize("when", ["before the answer", "during the hold"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_abort_keeps_event(tmp_path, when, how):
    go = threading.Event()
    seen = threading.Event()

    def answer(_):
        seen.set()
        if when == "before the answer":
            assert go.wait(10)
        return response(201, b'{"id":7}')

    with Upstream(answer) as upstream, proxy(upstream, **slow_store(tmp_path, 0.3)) as host:
        client = Client(host.port)
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert seen.wait(10)
        if how == "reset":
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

        def told():
            end = end_at(host.port, client.port)
            return end is None or end.state != "established"
        wait_until(told, what="the host's end of the connection to hear of it")
        go.set()
        line = access_line(host, "POST /orders")
        assert line["status"] == "201" and line["events"] != "-"


def test_abort_of_what_nobody_captures_ends_the_upstream_request():
    ended = threading.Event()

    def serve(_, connection, stream):
        stream.request()
        if not stream.fill():
            ended.set()

    with Upstream(serve=serve) as upstream, proxy(upstream) as host:
        client = Client(host.port)
        client.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: upstream.accepted, what="the upstream's connection")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        assert ended.wait(10)


def test_upstream_dies_in_the_middle_of_a_held_answer(tmp_path):
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n" + b"h" * 50
    with Upstream(lambda _: (raw, "close")) as upstream, proxy(upstream, **slow_store(tmp_path)) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert first_byte(client, 10) >= SLOW * 0.9
        reply = client.reply()
        assert not reply.complete and reply.body == b"h" * 50
        assert access_line(host, "POST /orders")["events"] != "-"


def test_term_during_a_hold_lets_the_answer_go(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef")
    port = free_port()
    admin = f'[admin]\nlisten = "127.0.0.1:{port}"\ntoken_file = "{tmp_path}/token"\n'

    def held():
        return b"trotline_captured_total 1\n" in request(port, "GET", "/metrics", headers=[("Authorization", "Bearer 0123456789abcdef")]).body

    with Upstream(lambda _: response(201, b"{}")) as upstream, proxy(upstream, config=admin, **slow_store(tmp_path, 0.4)) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        wait_until(held, what="an exchange that the recorder has")
        began = time.monotonic()
        host.signal(15)
        assert client.reply("POST").status == 201
        assert host.wait(5) == 0 and time.monotonic() - began < 3
        assert access(host)[0]["events"] != "-"


def test_reject_leaves_the_upstream_untouched(tmp_path):
    """A store that cannot be opened, and on_fault = "reject"."""
    (tmp_path / "file").write_text("")
    with Upstream() as upstream:
        host = proxy(upstream)
        text = host.config.read_text(encoding="utf-8").replace(f"sqlite:{host.store}", f"sqlite:{tmp_path}/file/store")
        host.config.write_text(text.replace("[store]", '[store]\non_fault = "reject"'), encoding="utf-8")
        with host:
            reply = request(host.port, "POST", "/orders", b"{}")
            assert reply.status == 503 and int(reply.header("retry-after")) > 0
            assert not upstream.requests
            assert request(host.port, "GET", "/else").status == 200
