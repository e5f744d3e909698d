"""Bodies in every form they come in: what the client and the upstream get is untouched, and the event has what it should."""

import contextlib
import gzip
import hashlib
import json
import os

import pytest
from harness import Client, Upstream, request, response, wait_until
from ngx import TRUNCATED
from shopping import JSON, orders, payload, post

pytestmark = pytest.mark.sanitized

ORDER = json.dumps({"id": 12, "note": "n" * 100_000}).encode()
PUT = b"PUT /orders/12 HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"


def chunked(data, size=4000):
    pieces = (data[at:at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


PROXIES = {
    "buffered": "proxy_pass http://@UPSTREAM@;",
    "in a file": "client_body_buffer_size 1k; proxy_pass http://@UPSTREAM@;",
    "only a file": "client_body_in_file_only clean; proxy_pass http://@UPSTREAM@;",
    "unbuffered": "proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://@UPSTREAM@;",
}


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("form", ["length", "chunked", "expect"])
def test_a_request_body_in_every_form(site, shop, form, proxy):
    with site(f"location / {{ {PROXIES[proxy]} }}", upstream=shop) as host, Client(host.port) as client:
        if form == "chunked":
            client.send(PUT + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(ORDER))
        else:
            expect = b"Expect: 100-continue\r\n" if form == "expect" else b""
            client.send(PUT + expect + b"Content-Length: %d\r\n\r\n" % len(ORDER))
            if form == "expect":
                assert client.reply().status == 100
            client.send(ORDER[:50_000])
            client.send(ORDER[50_000:])
        assert client.reply().status == 201
        assert shop.requests[0].body == ORDER
        event, = host.recorded()
        assert event["resource_id"] == "12" and event["flags"] == 0 and payload(event) == json.loads(ORDER)


def test_a_request_body_that_was_read_before_the_proxy_ran(site, shop):
    """A mirror reads the body in an earlier phase."""
    server = """client_body_buffer_size 1k;
                location = /copy { internal; proxy_pass http://@UPSTREAM@/else; }
                location / { mirror /copy; proxy_pass http://@UPSTREAM@; }"""
    with site(server, upstream=shop) as host, Client(host.port) as client:
        client.send(PUT + b"Content-Length: %d\r\n\r\n" % len(ORDER) + ORDER)
        assert client.reply().status == 201
        event, = host.recorded()
        assert payload(event) == json.loads(ORDER)


def test_a_request_body_over_the_cap_passes_whole(site, shop):
    with site(upstream=shop, config=CAPPED) as host, Client(host.port) as client:
        client.send(PUT + b"Content-Length: %d\r\n\r\n" % len(ORDER) + ORDER)
        assert client.reply().status == 201 and shop.requests[0].body == ORDER
        event, = host.recorded()
        assert event["flags"] != 0 and len(event["payload"] or b"") <= 1024


CAPPED = """
[capture]
request_cap = 1024
response_cap = 1024
[[hook]]
topic = "order.changed"
match = "PUT /orders/{id}"
id = "path:id"
payload = "request:"
[[hook]]
topic = "order.created"
match = "POST /orders"
"""


@pytest.mark.parametrize("server", [
    "proxy_pass http://@UPSTREAM@;",
    "proxy_buffering off; proxy_pass http://@UPSTREAM@;",
    "proxy_max_temp_file_size 0; proxy_pass http://@UPSTREAM@;",
    "sendfile on; proxy_pass http://@UPSTREAM@;",
    "proxy_temp_file_write_size 8k; proxy_max_temp_file_size 64k; proxy_pass http://@UPSTREAM@;",
], ids=["buffered", "unbuffered", "no temporary file", "sendfile", "cyclic temporary file"])
@pytest.mark.parametrize(("form", "size"), [("length", 2_000_000), ("chunked", 2_000_000), ("length", 40_000_000)])
def test_large_answers_are_byte_exact(site, server, form, size):
    body = os.urandom(size)
    raw = response(201, body)
    if form == "chunked":
        raw = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 60_000)
    server = f"location / {{ {server} }}"
    with Upstream(lambda _: raw) as upstream, site(server, upstream=upstream) as host, Client(host.port, 60) as client:
        client.send(post())
        reply = client.reply()
        assert reply.complete and hashlib.sha256(reply.body).digest() == hashlib.sha256(body).digest()
        assert client.send(b"GET /else HTTP/1.1\r\nHost: a\r\n\r\n").reply().complete
        event, = host.recorded()
        assert event["flags"] & TRUNCATED and len(event["payload"] or b"") <= 1 << 20


def test_an_answer_over_a_small_cap(site):
    with Upstream(lambda _: response(201, b"x" * 5000)) as upstream, site(upstream=upstream, config=CAPPED) as host:
        assert request(host.port, "POST", "/orders", b"{}").body == b"x" * 5000
        event, = host.recorded()
        assert event["flags"] & TRUNCATED


def test_a_slow_client_gets_a_large_held_answer_whole(site):
    body = os.urandom(8_000_000)
    with Upstream(lambda _: response(201, body)) as upstream, site(upstream=upstream) as host, Client(host.port, 30) as client:
        client.send(post())
        host.wait_events(1)
        got = b""
        while len(got) < len(body):
            more = client.socket.recv(100_000)
            assert more
            got += more
        assert got.partition(b"\r\n\r\n")[2] + client.stream._exactly(len(body) - len(got.partition(b"\r\n\r\n")[2])) == body
        assert len(host.recorded()) == 1


def test_an_answer_in_many_small_pieces(site):
    def serve(_, connection, stream):
        stream.request()
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in b'{"id": 31, "state": "new"}':
            connection.sendall(b"1\r\n%c\r\n" % byte)
        connection.sendall(b"0\r\n\r\n")

    with Upstream(serve=serve) as upstream, site(upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").body == b'{"id": 31, "state": "new"}'
        event, = host.recorded()
        assert event["resource_id"] == "31" and event["flags"] == 0


# ---- content codings

PACKED = gzip.compress(b'{"id":55,"state":"packed"}', mtime=0)


@pytest.mark.parametrize("accept", ["gzip", "gzip, br, zstd", None])
def test_the_upstreams_gzip_passes_untouched_and_is_read(site, accept):
    raw = response(201, PACKED, [*JSON, ("Content-Encoding", "gzip")])
    with Upstream(lambda _: raw) as upstream, site(upstream=upstream) as host:
        reply = request(host.port, "POST", "/orders", b"{}", [("Accept-Encoding", accept)] if accept else [])
        assert reply.body == PACKED and reply.header("content-encoding") == "gzip"
        event, = host.recorded()
        assert event["resource_id"] == "55" and payload(event) == {"id": 55, "state": "packed"}


@pytest.mark.parametrize("accept", ["gzip", "gzip, deflate, br, zstd", "br;q=1, *;q=0.1", "br"])
def test_an_upstream_that_chooses_the_coding_can_be_read(site, accept):
    """Whatever the upstream is asked for, it must be something that the client takes and Trotline reads."""
    with Upstream() as upstream, site(upstream=upstream) as host:
        request(host.port, "POST", "/orders", b"{}", [("Accept-Encoding", accept)])
        request(host.port, "POST", "/else", b"{}", [("Accept-Encoding", accept)])
        asked, other = (each.header("accept-encoding", "") for each in upstream.requests)
        assert "zstd" not in asked and other == accept
        assert all(coding.split(";")[0].strip() in accept or coding.strip() == "identity" for coding in asked.split(",") if coding)


def test_nginx_own_gzip_comes_after(site):
    body = json.dumps({"id": 3, "note": "n" * 5000}).encode()
    server = "gzip on; gzip_types application/json; gzip_min_length 1; location / { proxy_pass http://@UPSTREAM@; }"
    with Upstream(lambda _: response(200, body, JSON)) as upstream, site(server, upstream=upstream) as host:
        reply = request(host.port, "POST", "/orders", b"{}", [("Accept-Encoding", "gzip")])
        assert reply.header("content-encoding") == "gzip" and gzip.decompress(reply.body) == body
        event, = host.recorded()
        assert payload(event) == json.loads(body)


def test_gunzip_for_a_client_that_cannot(site):
    raw = response(200, PACKED, [*JSON, ("Content-Encoding", "gzip")])
    with Upstream(lambda _: raw) as upstream, site("gunzip on; location / { proxy_pass http://@UPSTREAM@; }", upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").body == gzip.decompress(PACKED)
        event, = host.recorded()
        assert event["resource_id"] == "55"


def test_filters_that_rewrite_the_answer_come_after(site, shop):
    server = """location / {
                    proxy_pass http://@UPSTREAM@;
                    sub_filter_types *;
                    sub_filter new NEW;
                    add_after_body /tail;
                }
                location = /tail { return 200 " tail"; }"""
    with site(server, upstream=shop) as host:
        assert b'"state": "NEW"' in request(host.port, "POST", "/orders", b'{"id":2}', JSON).body
        event, = host.recorded()
        assert payload(event) == {"id": 2, "state": "new"}


@pytest.mark.parametrize("store", ["", 'guarantee = "async"'], ids=["hold", "async"])
def test_a_part_that_the_client_asks_for_is_cut_after_us(site, store):
    """Range is for nginx's filter: the client gets its part, framed rightly, the event the whole."""
    body = json.dumps({"id": 21, "note": "n" * 2000}).encode()
    server = "location / { proxy_pass http://@UPSTREAM@; proxy_force_ranges on; }"
    with Upstream(lambda _: response(200, body, JSON)) as upstream, site(server, upstream=upstream, store=store) as host, \
            Client(host.port) as client:
        for part in ((0, 9), (100, 149)):
            reply = client.send(post(more=f"Range: bytes={part[0]}-{part[1]}\r\n")).reply()
            assert reply.status == 206 and reply.body == body[part[0]:part[1] + 1]
        assert client.send(b"GET /else HTTP/1.1\r\nHost: a\r\n\r\n").reply().body == body
        events = host.recorded()
        assert [payload(event) for event in events] == [json.loads(body)] * 2 and not events[0]["flags"]


def test_a_request_body_that_never_comes_is_no_change(site, shop):
    with site(upstream=shop) as host:
        client = Client(host.port).send(PUT + b"Content-Length: 100\r\n\r\nhalf")
        client.close()
        wait_until(lambda: "PUT /orders/12" in host.access_log(), what="the aborted request's line")
        assert host.recorded() == [] and not shop.requests


def test_a_request_that_nginx_refuses_is_no_change(site, shop):
    with site("client_max_body_size 10; location / { proxy_pass http://@UPSTREAM@; }", upstream=shop) as host:
        with contextlib.suppress(ConnectionError):
            assert request(host.port, "POST", "/orders", b"x" * 100).status == 413
        assert host.recorded() == []


def test_two_requests_at_once_do_not_mix(site):
    def answer(got):
        return orders(got).replace(b"new", got.body.partition(b"#")[2][:3])

    with Upstream(answer) as upstream, site(upstream=upstream) as host:
        clients = [Client(host.port) for _ in range(20)]
        for client in clients:
            client.send(b"PUT /orders/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + b"a" * 10)
        for n, client in enumerate(clients):
            client.send(b"#%03d" % n + b"b" * 26)
        for n, client in enumerate(clients):
            assert b"%03d" % n in client.reply().body
            client.close()
        assert len({bytes(event["payload"].encode() if isinstance(event["payload"], str) else event["payload"])
                    for event in host.recorded()}) == 20
