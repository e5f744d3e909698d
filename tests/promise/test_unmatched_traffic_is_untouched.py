"""unmatched_traffic_is_untouched: what no hook wants passes byte for byte as it would without any hook, and leaves no trace.

That judging allocates nothing is proved where it can be counted: tests/unit/plan."""

import json
import socket

from harness import Trotline, Upstream, trotline

EXCHANGES = [
    b"GET / HTTP/1.1\r\nHost: shop.test\r\nAccept-Encoding: gzip, zstd, x-odd;q=0.3\r\nCookie: a=b\r\n\r\n",
    b"POST /carts HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 11\r\nX-Odd-Case: Y\r\n\r\nhello world",
    b"PUT /orders/7 HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"DELETE /orders/7?force=true HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"HEAD /orders HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"OPTIONS /orders HTTP/1.1\r\nHost: shop.test\r\nOrigin: http://x.test\r\n\r\n",
]


def send_all(port):
    """Each exchange on a connection of its own; what came back until the server closed."""
    answers = []
    for exchange in EXCHANGES:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(exchange.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b""
            while more := connection.recv(65536):
                answer += more
        answers.append(answer)
    return answers


def through(hooks):
    with Upstream() as upstream, Trotline(hooks, upstream=upstream.url) as host:
        answers = send_all(host.port)
        # The port the upstream listens on differs between runs; nothing else may.
        seen = [request.raw.replace(str(host.port).encode(), b"PORT") for request in upstream.requests]
        events = trotline("events", "--store", host.store, "--json")
    return answers, seen, [json.loads(line) for line in events.stdout.splitlines()]


def test_unmatched_traffic_is_untouched():
    hook = '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'
    many = "".join(hook.replace("/orders", f"/api/v{n}/things/{{id}}/more") for n in range(200))
    bare, with_hooks = through(""), through(hook + many)
    assert len(bare[1]) == len(EXCHANGES)
    assert with_hooks[0] == bare[0]
    assert with_hooks[1] == bare[1]
    assert with_hooks[2] == []
