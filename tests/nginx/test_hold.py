"""Held answers: header and body wait until the record is durable, and whoever goes away meanwhile, the record stays."""

import contextlib
import json
import os
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness import PATIENCE, Client, Upstream, end_at, request, response, wait_until
from ngx import PARTIAL, SPILLED
from shopping import dateless, everything, nothing_comes, orders, post, seconds_until

pytestmark = pytest.mark.sanitized

ASYNC = 'guarantee = "async"'
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
RESET = b"\1\0\0\0\0\0\0\0"


@contextlib.contextmanager
def slow_disk(host, seconds):
    """Every fdatasync of the workers takes that long, by strace."""
    pids = [part for pid in host.workers() for part in ("-p", str(pid))]
    strace = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *pids, "-e", "trace=fdatasync,fsync",
                               "-e", f"inject=fdatasync,fsync:delay_exit={int(seconds * 1e6)}"])

    def traced():
        return all("TracerPid:\t0" not in (Path(f"/proc/{pid}/task/{task}/status").read_text(encoding="utf-8"))
                   for pid in host.workers() for task in os.listdir(f"/proc/{pid}/task"))
    try:
        wait_until(traced, 10, "strace to hold every thread")
        yield
    finally:
        strace.terminate()
        strace.wait(10)


def gate():
    """An upstream that answers orders when it may: (upstream, seen, go)."""
    seen, go = threading.Event(), threading.Event()

    def answer(got):
        seen.set()
        assert go.wait(20)
        return orders(got)
    return Upstream(answer), seen, go


def leave(client, how):
    if how == "reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


def gone(host, client_port):
    """Has nginx's kernel heard that the client went?"""
    end = end_at(host.port, client_port)
    return end is None or end.state != "established"


RAW = {
    "json": response(201, b'{"id":1}'),
    "20 kB": response(200, b"x" * 20_000),
    "500 kB": response(200, b"x" * 500_000),
    "no body": response(200),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "chunked": CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    "until close": b"HTTP/1.1 201 Created\r\n\r\n{}",
}


@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_no_byte_before_the_record(site, raw, buffering):
    server = f"location / {{ proxy_pass http://@UPSTREAM@; proxy_buffering {buffering}; }}"
    with Upstream(lambda _: (raw, "close")) as upstream, site(server, upstream=upstream) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(1, "/orders/1", "DELETE"))
            wait_until(lambda: upstream.requests, what="the upstream's request")
            assert nothing_comes(client)
        reply = client.reply("DELETE")
        assert reply.complete and reply.status in (200, 201, 204)
        client.send(post(2, "/orders/2", "DELETE"))
        assert client.reply("DELETE").complete
        first, second = host.recorded()
        assert (first["resource_id"], second["resource_id"], first["flags"]) == ("1", "2", 0)
        assert float(host.access()[0]["hold"]) >= 0.2


def test_async_does_not_wait(site, shop):
    with site(upstream=shop, store=ASYNC) as host, Client(host.port) as client:
        with host.locked():
            assert client.send(post(3)).reply().status == 201
            assert host.events() == []
        assert [event["resource_id"] for event in host.recorded()] == ["3"]
        assert host.access()[0]["hold"] == "-"


def test_what_no_hook_wants_does_not_wait(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client, host.locked():
        assert client.send(post(3, "/carts")).reply().status == 201


def test_what_failed_does_not_wait(site):
    with Upstream(lambda _: response(409, b"no")) as upstream, site(upstream=upstream) as host, Client(host.port) as client, host.locked():
        assert client.send(post(3)).reply().status == 409


def test_a_hold_ends_at_its_deadline(site, shop):
    with site(upstream=shop, store='hold = "300ms"') as host, Client(host.port) as client:
        with host.locked():
            assert 0.25 < seconds_until(lambda: client.send(post(4)).reply()) < 1.4 * PATIENCE
            assert host.events() == []
        assert [event["resource_id"] for event in host.recorded()] == ["4"]
        assert "slow" in host.logs()
        assert 0.25 < float(host.access()[0]["hold"]) < 1.4 * PATIENCE


def test_a_hold_ends_after_two_seconds_by_default(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        with slow_disk(host, 3):
            assert 1.6 < seconds_until(lambda: client.send(post(4)).reply()) < 2.9 * PATIENCE
            assert client.send(post(5, "/carts")).reply().status == 201
            assert "slow" in host.logs()
        assert [event["resource_id"] for event in host.recorded()] == ["4"]


def test_a_store_locked_for_long_lets_the_answer_go_and_the_event_comes_later(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            assert 0.8 < seconds_until(lambda: client.send(post(6)).reply()) < 3.5 * PATIENCE
        event, = host.wait_events(1, 30)
        assert event["resource_id"] == "6" and event["flags"] in (0, SPILLED)


def test_many_held_answers_share_a_commit(site, shop):
    with site(upstream=shop) as host:
        clients = [Client(host.port) for _ in range(100)]
        with host.locked():
            for n, client in enumerate(clients):
                client.send(post(n))
            assert nothing_comes(clients[0])
        for n, client in enumerate(clients):
            assert json.loads(client.reply().body)["id"] == n
            client.close()
        assert len(host.recorded()) == 100


def test_requests_behind_a_held_one_wait_for_their_turn(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(1) + b"GET /orders HTTP/1.1\r\nHost: a\r\n\r\n" + post(2) + post(3, "/carts"))
            assert nothing_comes(client)
        assert [client.reply().status for _ in range(4)] == [201, 200, 201, 201]
        assert client.send(post(4)).reply().status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["1", "2", "4"]


def test_others_are_served_while_one_is_held(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client, host.locked():
        client.send(post(1))
        assert nothing_comes(client, 0.1)
        for _ in range(4):
            assert request(host.port, "GET", "/orders").status == 200


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("when", ["before the answer", "during the hold"])
def test_a_client_that_leaves_keeps_its_event(site, when, how):
    upstream, seen, go = gate()
    with upstream, site(upstream=upstream) as host:
        client = Client(host.port).send(post(7))
        assert seen.wait(10)
        if when == "before the answer":
            leave(client, how)
            wait_until(lambda: gone(host, client.port), what="nginx to hear of it")
            go.set()
        else:
            with host.locked():
                go.set()
                assert nothing_comes(client, 0.2)
                leave(client, how)
                wait_until(lambda: gone(host, client.port), what="nginx to hear of it")
        event, = host.recorded()
        assert event["resource_id"] == "7" and event["flags"] == 0
        assert not host.alarms()


def test_a_client_that_says_it_has_sent_all_gets_its_answer(site):
    upstream, seen, go = gate()
    with upstream, site(upstream=upstream) as host, Client(host.port) as client:
        client.send(post(8)).socket.shutdown(socket.SHUT_WR)
        assert seen.wait(10)
        wait_until(lambda: gone(host, client.port), what="nginx to hear of it")
        go.set()
        assert client.reply().status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["8"]


def test_a_client_that_leaves_what_nobody_captures_ends_the_upstreams_request(site):
    ended = threading.Event()

    def serve(server, connection, stream):
        server.record(stream.request())
        with contextlib.suppress(ConnectionError):
            if not stream.fill():
                ended.set()

    with Upstream(serve=serve) as upstream, site(upstream=upstream) as host:
        client = Client(host.port).send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: upstream.requests, what="the upstream's request")
        leave(client, "reset")
        assert ended.wait(5)


# ---- the upstream dies in the middle

HALVES = {
    "length": b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n" + b"h" * 50,
    "length, nothing": b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n",
    "chunked": CHUNKED + b"5\r\nhello\r\n5\r\nhe",
    "chunked, no end": CHUNKED + b"5\r\nhello\r\n",
    "large": b"HTTP/1.1 201 Created\r\nContent-Length: 900000\r\n\r\n" + b"h" * 500_000,
}


@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("raw", HALVES.values(), ids=HALVES)
def test_an_upstream_that_dies_in_the_middle(site, raw, buffering):
    """The client sees exactly what nginx alone would show it, only later; the change is known to have begun."""
    server = f"location / {{ proxy_pass http://@UPSTREAM@; proxy_buffering {buffering}; }}"
    with Upstream(lambda _: (raw, "close")) as upstream:
        with site(server, upstream=upstream, module=False) as plain:
            expected = dateless(everything(plain.port, post()))
        with site(server, upstream=upstream) as host:
            with Client(host.port) as client, host.locked():
                client.send(post())
                wait_until(lambda: len(upstream.requests) == 2, what="the upstream's request")
                assert nothing_comes(client, 0.2)
            host.wait_events(1)
            began = time.monotonic()
            assert dateless(everything(host.port, post())) == expected
            assert time.monotonic() - began < 5
            events = host.recorded()
            assert len(events) == 2 and all(event["flags"] & PARTIAL for event in events)


def test_an_upstream_that_falls_silent_in_the_middle(site):
    def serve(_, connection, stream):
        stream.request()
        connection.sendall(HALVES["length"])
        while stream.fill():
            pass

    server = "location / { proxy_pass http://@UPSTREAM@; proxy_read_timeout 300ms; }"
    with Upstream(serve=serve) as upstream:
        with site(server, upstream=upstream, module=False) as plain:
            expected = dateless(everything(plain.port, post()))
        with site(server, upstream=upstream) as host:
            assert dateless(everything(host.port, post())) == expected
            event, = host.recorded()
            assert event["flags"] & PARTIAL


def test_a_client_that_leaves_a_large_answer_in_the_middle(site):
    body = b"b" * 20_000_000
    with Upstream(lambda _: response(201, body)) as upstream, site(upstream=upstream) as host:
        client = Client(host.port).send(post(1))
        assert client.stream.fill()
        leave(client, "reset")
        host.wait_events(1)
        assert request(host.port, "POST", "/orders", b"{}").body == body
        assert len(host.recorded()) == 2 and not host.alarms()


def test_the_end_of_a_large_answer_waits_for_the_record(site):
    """Over what may wait in memory the answer flows, but its end does not come before the record."""
    body = b"b" * 8_000_000
    server = "location / { proxy_pass http://@UPSTREAM@; proxy_buffering off; }"
    with Upstream(lambda _: response(201, body)) as upstream, site(server, upstream=upstream) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(1))
            while select.select([client.socket], [], [], 0.3)[0]:
                assert client.stream.fill()
            assert len(client.stream.data.partition(b"\r\n\r\n")[2]) < len(body) and host.events() == []
        reply = client.reply()
        assert reply.complete and reply.body == body
        assert len(host.recorded()) == 1
