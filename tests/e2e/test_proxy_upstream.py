"""What the proxy does when the upstream fails: it is asked again only when nothing can have happened, and otherwise the client is told."""

import socket
import time

import pytest

from harness import Client, Upstream, response
from proxy import access_line, proxy, scripted


def test_an_idle_upstream_connection_that_died_is_replaced():
    served = []

    def serve(server, connection, stream):
        """One request a connection, closed without saying so."""
        server.record(stream.request())
        served.append(connection)
        connection.sendall(response(200, b"once"))
        connection.shutdown(socket.SHUT_RDWR)

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        for method in ("GET", "POST", "POST", "GET"):
            client.send(f"{method} /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
            assert client.reply(method).body == b"once"
        assert len(served) == 4 and len(upstream.requests) == 4


def test_a_request_that_may_have_been_acted_on_is_not_repeated():
    def serve(server, connection, stream):
        server.record(stream.request())
        connection.sendall(response(200, b"first"))
        server.record(stream.request())  # the second one is read, and the connection dies

    for method, expected, seen in (("POST", 502, 2), ("GET", 200, 3)):
        with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
            for status in (200, expected):
                client.send(f"{method} /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
                assert client.reply(method).status == status
            assert len(upstream.requests) == seen


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"])
def test_no_proper_answer_is_502(raw):
    with scripted(raw, close=True) as upstream, proxy(upstream) as host, Client(host.port) as client:
        for _ in range(2):
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            reply = client.reply()
            assert reply.status == 502 and reply.header("content-type").startswith("text/plain")
        assert access_line(host, "POST /orders")["events"] == "-"


def test_no_upstream_is_502_and_comes_back():
    with Upstream() as upstream:
        pass
    with proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        assert client.reply().status == 502
        with Upstream(port=upstream.port):
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            assert client.reply().status == 200


def test_a_silent_upstream_is_504():
    with Upstream(serve=lambda server, connection, stream: stream.fill() and stream.fill()) as upstream, \
            proxy(upstream, upstream_timeout="300ms") as host, Client(host.port) as client:
        began = time.monotonic()
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        assert client.reply().status == 504
        assert time.monotonic() - began > 0.25


@pytest.mark.parametrize("path", ["/plain", "/orders"])
@pytest.mark.parametrize("head, body", [(b"Content-Length: 100", b"half of it"), (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n9\r\nwor")])
def test_an_answer_that_breaks_off_is_cut_where_it_broke(path, head, body):
    with scripted(b"HTTP/1.1 201 Created\r\n" + head + b"\r\n\r\n" + body, close=True) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
        reply = client.reply()
        assert reply.status == 201 and not reply.complete
        assert client.closed()
        assert (access_line(host, f"POST {path}")["events"] != "-") == (path == "/orders")
