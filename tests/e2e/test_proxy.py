"""The standalone host as a proxy: messages arrive byte for byte, whatever their framing, on both sides."""

import os
import socket
import threading

import pytest

from harness import Client, Upstream, end_at, request, response, wait_until
from proxy import access, access_line, proxy, scripted


@pytest.mark.parametrize("size", [0, 1, 2, 255, 4095, 4096, 4097, 65536, 300_000, 5_000_000, 100_000_000])
@pytest.mark.parametrize("path", ["/echo", "/orders"])
def test_bodies_of_every_size_arrive_unchanged(mirror, path, size):
    body = os.urandom(size)
    with proxy(mirror) as host:
        reply = request(host.port, "POST", path, body, timeout=60)
        assert reply.status == 201 and reply.body == body
        assert mirror.requests[0].body == body


@pytest.mark.parametrize("sizes", [[1], [10, 1, 3], [65536] * 5, [300_000, 7]])
def test_chunked_requests_arrive_chunked(mirror, sizes):
    pieces = [os.urandom(size) for size in sizes]
    chunked = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"
    with proxy(mirror) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Trailer\r\n\r\n" + chunked)
        reply = client.reply("POST")
        assert reply.body == b"".join(pieces)
        assert mirror.requests[0].header("transfer-encoding") == "chunked"
        assert b"Trailer" not in mirror.requests[0].raw
        client.send(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.reply().status == 201


@pytest.mark.parametrize("method, path", [("GET", "/plain"), ("POST", "/orders")])
def test_chunked_answers(method, path):
    raw = b"HTTP/1.1 200 OK\r\nX-First: 1\r\nTransfer-Encoding: chunked\r\nx-last: 2\r\n\r\n3\r\nabc\r\n5;e=1\r\ndefgh\r\n0\r\nTrailer: dropped\r\n\r\n"
    with scripted(raw) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
        reply = client.reply()
        assert reply.body == b"abcdefgh"
        assert reply.headers == [("X-First", "1"), ("Transfer-Encoding", "chunked"), ("x-last", "2")]
        assert b"Trailer" not in reply.raw
        # An HTTP/1.0 client gets the same, ended by the connection.
        with Client(host.port) as old:
            old.send(f"{method} {path} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n".encode())
            reply = old.reply()
            assert reply.body == b"abcdefgh" and reply.header("transfer-encoding") is None and reply.header("connection") == "close"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_close_delimited_answers(version):
    with scripted(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end", close=True) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode())
        reply = client.reply()
        assert reply.body == b"until the end" and reply.complete
        assert (reply.header("transfer-encoding") == "chunked") == (version == "1.1")
        assert client.closed() == (version == "1.0") or version == "1.1"


def test_http10_keep_alive(mirror):
    with proxy(mirror) as host, Client(host.port) as client:
        for _ in range(3):
            client.send(b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")
            reply = client.reply("POST")
            assert reply.body == b"hi" and reply.header("connection") == "keep-alive"
        client.send(b"GET /bye HTTP/1.0\r\n\r\n")
        assert client.reply().header("connection") == "close" and client.closed()
        assert mirror.requests[-1].header("host") == mirror.address


def test_head_has_no_body():
    with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"x\"\r\n\r\n") as upstream, proxy(upstream) as host, Client(host.port) as client:
        for _ in range(2):
            client.send(b"HEAD /thing HTTP/1.1\r\nHost: a\r\n\r\n")
            reply = client.reply("HEAD")
            assert reply.header("content-length") == "1234" and reply.raw.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(status):
    with scripted(f"HTTP/1.1 {status} Fine\r\nETag: \"1\"\r\n\r\n".encode()) as upstream, proxy(upstream) as host, Client(host.port) as client:
        for method in ("GET", "DELETE", "GET"):
            client.send(f"{method} /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            reply = client.reply(method)
            assert reply.status == status and reply.reason == "Fine" and reply.raw.count(b"\r\n\r\n") == 1
        assert upstream.accepted == 1


def test_heads_keep_order_spelling_and_bytes(mirror):
    mirror.answer = lambda _: (b"HTTP/1.1 299 A b\xe9c\r\nsEt-CoOkie: a=1\r\nX-Raw: \xff\xfe\r\nSet-Cookie: b=2\r\nConnection: X-Hop\r\nX-Hop: gone\r\n"
                               b"Keep-Alive: timeout=5\r\nContent-Length: 0\r\nDate: today\r\n\r\n")
    with proxy(mirror) as host, Client(host.port) as client:
        client.send(b"GET /a%2fb/../c?x=%zz&y HTTP/1.1\r\nhOsT: shop.test:81\r\nX-b: 1\r\nX-A: \xe9\r\nx-B:   2  \r\nConnection: close, x-gone\r\nX-Gone: 1\r\n"
                    b"TE: trailers\r\nKeep-Alive: 1\r\nTrotline-Event: forged\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nAccept-Encoding: zstd, gzip\r\n\r\n")
        reply = client.reply()
        seen = mirror.requests[0]
        assert seen.target == "/a%2fb/../c?x=%zz&y"
        assert seen.headers == [("hOsT", "shop.test:81"), ("X-b", "1"), ("X-A", "\xe9"), ("x-B", "2"), ("Accept-Encoding", "zstd, gzip"),
                                ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "shop.test:81")]
        assert reply.raw == (b"HTTP/1.1 299 A b\xe9c\r\nsEt-CoOkie: a=1\r\nX-Raw: \xff\xfe\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\nDate: today\r\n"
                             b"Connection: close\r\n\r\n")


def test_forwarded_fields_are_kept_when_trusted(mirror):
    with proxy(mirror, trust_forwarded=True) as host:
        request(host.port, "GET", "/", headers=[("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.example")])
        seen = mirror.requests[0]
        assert seen.all("x-forwarded-for") == ["9.9.9.9, 127.0.0.1"]
        assert seen.all("x-forwarded-proto") == ["https"] and seen.all("x-forwarded-host") == ["shop.example"]


def test_only_captured_requests_lose_codings_that_nobody_can_undo(mirror):
    with proxy(mirror) as host:
        request(host.port, "POST", "/orders", b"{}", headers=[("Accept-Encoding", "zstd, br;q=0.9, gzip, *;q=0.1")])
        request(host.port, "POST", "/else", b"{}", headers=[("Accept-Encoding", "zstd, br;q=0.9, gzip, *;q=0.1")])
        request(host.port, "POST", "/orders", b"{}", headers=[("Accept-Encoding", "zstd")])
        assert [seen.header("accept-encoding") for seen in mirror.requests] == ["br;q=0.9, gzip", "zstd, br;q=0.9, gzip, *;q=0.1", "identity"]


def test_absolute_form_becomes_origin_form(mirror):
    with proxy(mirror) as host, Client(host.port) as client:
        client.send(b"GET http://other.test:99/x?y HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        client.reply()
        assert mirror.requests[0].target == "/x?y" and mirror.requests[0].all("host") == ["other.test:99"]


def test_expect_is_forwarded_and_100_relayed():
    asked = threading.Event()

    def serve(server, connection, stream):
        head = stream.head()
        assert ("Expect", "100-continue") in head[1]
        assert asked.wait(10)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        server.record(stream.request(head))
        connection.sendall(response(201, b"done"))

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(10)
        asked.set()
        assert client.reply("POST").status == 100
        client.send(b"body")
        assert client.reply("POST").status == 201
        assert upstream.requests[0].body == b"body"


def test_expect_with_an_upstream_that_does_not_know_it():
    def serve(server, connection, stream):
        server.record(stream.request())
        connection.sendall(response(201, b"done"))

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert client.reply("POST").status == 100
        client.send(b"body")
        assert client.reply("POST").status == 201


def test_expect_refused_by_the_upstream_closes_the_connection():
    def serve(_, connection, stream):
        stream.head()
        connection.sendall(response(413, b"no", reason="Too Large"))
        stream.fill()

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        reply = client.reply("POST")
        assert reply.status == 413 and reply.header("connection") == "close" and client.closed()


def test_early_hints_reach_new_clients_only():
    raw = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + response(200, b"late")
    with scripted(raw) as upstream, proxy(upstream) as host:
        with Client(host.port) as client:
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            first = client.reply()
            assert first.status == 103 and first.headers == [("Link", "</a>; rel=preload")]
            assert client.reply().body == b"late"
        with Client(host.port) as client:
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            assert client.reply().body == b"late"


def test_pipelined_requests_are_answered_in_order(mirror):
    with proxy(mirror) as host, Client(host.port) as client:
        count = 50
        client.send(b"".join(b"POST /orders/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%d" % (n, len(str(n)), n) for n in range(count)))
        for n in range(count):
            assert client.reply("POST").body == str(n).encode()
        assert [seen.target for seen in mirror.requests] == [f"/orders/{n}" for n in range(count)]


def test_connections_are_kept_on_both_sides(mirror):
    with proxy(mirror) as host, Client(host.port) as client:
        for n in range(20):
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" if n % 2 else b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().status == 201
        assert mirror.accepted == 1


def test_upgrade_tunnels_bytes_both_ways_and_both_half_closes():
    def serve(server, connection, stream):
        server.record(stream.request())
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello")
        got = stream._take(len(stream.data))
        while True:
            more = connection.recv(65536)
            if not more:
                break
            connection.sendall(more[::-1])
            got += more
        connection.sendall(b"%d bytes" % len(got))

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n")
        head = client.stream.head()
        assert head[0] == "HTTP/1.1 101 Switching Protocols"
        assert [each for each in head[1] if each[0] in ("Upgrade", "Connection")] == [("Upgrade", "websocket"), ("Connection", "upgrade")]
        assert upstream.requests[0].header("connection") == "upgrade" and upstream.requests[0].header("upgrade") == "websocket"
        assert client.stream._exactly(5) == b"hello"
        for text in (b"abc", b"\x00\xff\r\n"):
            client.send(text)
            assert client.stream._exactly(len(text)) == text[::-1]
        client.socket.shutdown(socket.SHUT_WR)
        assert client.stream._exactly(7) == b"7 bytes"
        assert client.closed()


def test_a_half_closed_client_still_gets_its_answer():
    half_closed = threading.Event()

    def answer(_):
        assert half_closed.wait(10)
        return response(200, b"answer")

    with Upstream(answer) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        wait_until(lambda: end_at(host.port, client.port).state == "half closed by the peer", what="the client's last byte at the host")
        half_closed.set()
        assert client.reply().body == b"answer" and client.closed()


def test_access_log_is_the_combined_format_and_more(mirror):
    with proxy(mirror) as host:
        request(host.port, "POST", "/orders?a=\"b\"", b"{}", headers=[("Referer", "http://x/"), ("User-Agent", "test \"1\"\\")])
        request(host.port, "GET", "/else")
        with Client(host.port) as client:
            client.send(b"NOT HTTP\r\n\r\n")
            assert client.reply().status == 400
        line = access_line(host, "POST /orders?a=\\x22b\\x22")
        assert (line["status"], line["bytes"], line["referer"], line["agent"]) == ("201", "2", "http://x/", "test \\x221\\x22\\x5C")
        assert line["peer"] == "127.0.0.1" and line["hold"] != "-" and line["events"] != "-"
        line = access_line(host, "GET /else")
        assert line["hold"] == "-" and line["events"] == "-"
        wait_until(lambda: any(line["status"] == "400" for line in access(host)), what="the refused request's line")


def test_listens_on_ipv6_and_unix_sockets(mirror, tmp_path):
    path = str(tmp_path / "front.sock")
    with proxy(mirror) as host:
        host.configure(host.config.read_text(), standalone={})
        host.stop()
        host.config.write_text(host.config.read_text().replace("listen = [", f'listen = ["[::1]:{host.port}", "unix:{path}", '))
        host.start()
        for family, address in ((socket.AF_INET6, ("::1", host.port)), (socket.AF_UNIX, path)):
            with socket.socket(family) as connection:
                connection.connect(address)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while more := connection.recv(4096):
                    answer += more
                assert answer.startswith(b"HTTP/1.1 201 ")
        assert [seen.header("x-forwarded-for") for seen in mirror.requests] == ["::1", None]
