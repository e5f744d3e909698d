"""trotline_manage: the admin pages inside of nginx."""

import json
import threading

import pytest
from harness import Client, request
from ngx import HOOKS
from shopping import JSON, post

TOKEN = "0123456789abcdef0123456789abcdef"
BEARER = [("Authorization", f"Bearer {TOKEN}")]
CONFIG = '[admin]\ntoken_file = "@DIR@/token"\n' + HOOKS
SERVER = """location / { proxy_pass http://@UPSTREAM@; }
            location /trotline/ { trotline_manage; }
            location ~ ^/(status|metrics|events|healthz)$ { trotline_manage; }"""


def write_token(host):
    (host.dir / "token").write_text(TOKEN + "\n")
    (host.dir / "token").chmod(0o600)


@pytest.fixture
def host(site, shop):
    running = site(SERVER, upstream=shop, config=CONFIG)
    write_token(running)
    with running:
        yield running


def test_status_with_the_token(host):
    assert request(host.port, "POST", "/orders", b"{}").status == 201
    reply = request(host.port, "GET", "/status", headers=BEARER)
    assert reply.status == 200 and reply.header("content-type") == "application/json" and isinstance(json.loads(reply.body), dict)
    assert reply.header("cache-control") == "no-store"


@pytest.mark.parametrize("headers", [(), [("Authorization", "Bearer wrong")], [("Authorization", f"Basic {TOKEN}")]])
def test_without_the_token(host, headers):
    reply = request(host.port, "GET", "/status", headers=headers)
    assert reply.status == 401 and "Bearer" in reply.header("www-authenticate")
    assert TOKEN not in host.logs() + host.access_log() and TOKEN.encode() not in reply.raw


def test_metrics(host):
    reply = request(host.port, "GET", "/metrics", headers=BEARER)
    assert reply.status == 200 and b"trotline_" in reply.body and reply.header("content-type").startswith("text/plain")


def test_no_such_page(host):
    assert request(host.port, "GET", "/trotline/none", headers=BEARER).status == 404


def test_head_has_no_body(host):
    with Client(host.port) as client:
        bearer = f"Authorization: Bearer {TOKEN}\r\n"
        client.send(f"HEAD /status HTTP/1.1\r\nHost: a\r\n{bearer}\r\n".encode())
        first = client.reply("HEAD")
        client.send(b"GET /orders HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.reply().status == 200 and first.status in (200, 405)


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_body_is_read(host, size):
    with Client(host.port) as client:
        for _ in range(2):
            client.send(f"POST /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n\r\n".encode())
            client.send(b"x" * size)
            assert 400 <= client.reply().status < 500
        client.send(b"GET /orders HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.reply().status == 200


def test_keep_alive_and_pipelining(host):
    with Client(host.port) as client:
        one = f"GET /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        client.send(one * 5 + post(1) + one)
        assert [client.reply().status for _ in range(7)] == [200] * 5 + [201, 200]
        assert len(host.recorded()) == 1


def test_questions_do_not_block_the_proxy(host):
    """While many ask, orders are taken."""
    stop, failed = threading.Event(), []

    def ask():
        while not stop.is_set():
            if request(host.port, "GET", "/status", headers=BEARER).status != 200:
                failed.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for n in range(50):
            assert request(host.port, "POST", "/orders", b'{"id":%d}' % n, JSON).status == 201
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert not failed and len(host.recorded()) == 50


def test_an_asker_that_leaves(host):
    for _ in range(20):
        Client(host.port).send(f"GET /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()).close()
    assert request(host.port, "GET", "/status", headers=BEARER).status == 200
    assert host.quit() == 0 and not host.alarms()


def test_asked_by_a_subrequest(site, shop):
    """As auth_request asks it: whom it knows not is turned away. What access rules close stays closed."""
    server = """location = /status { deny all; trotline_manage; }
                location / { auth_request /status; proxy_pass http://@UPSTREAM@; }"""
    running = site(server, upstream=shop, config=CONFIG)
    write_token(running)
    with running as host:
        assert request(host.port, "GET", "/status", headers=BEARER).status == 403
        for _ in range(3):
            assert request(host.port, "POST", "/orders", b"{}").status == 401
        assert not shop.requests and host.recorded() == [] and not host.alarms()
