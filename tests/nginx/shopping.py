"""What these tests say to a shop behind nginx, and what it answers."""

import contextlib
import json
import select
import time

from harness import Client, response

JSON = [("Content-Type", "application/json")]


def orders(got):
    """An upstream's answer: 201 and the order that came, 204 to DELETE, 200 to the rest."""
    if got.method == "DELETE":
        return response(204, headers=JSON, reason="No Content").replace(b"Content-Length: 0\r\n", b"")
    if got.method not in ("POST", "PUT", "PATCH"):
        return response(200, b"" if got.method == "HEAD" else b'{"id":0,"read":true}', JSON)
    order = {"id": 1}
    with contextlib.suppress(ValueError):
        order.update(json.loads(got.body))
    return response(201, json.dumps({"id": order["id"], "state": "new"}), JSON, "Created")


def post(n=1, path="/orders", method="POST", more=""):
    """A request's bytes."""
    body = b'{"id":%d}' % n
    head = f"{method} {path} HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def nothing_comes(client, seconds=0.3):
    """Does not a byte come for that long? (An absence cannot be waited for otherwise.)"""
    return not client.stream.data and not select.select([client.socket], [], [], seconds)[0]


def everything(port, raw, timeout=20.0):
    """All the bytes that come back for these, until the server closes."""
    with Client(port, timeout) as client:
        client.send(raw)
        with contextlib.suppress(ConnectionError):
            while client.stream.fill():
                pass
        return bytes(client.stream.data)


def dateless(raw):
    """An answer's bytes without the value of Date."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")) + blank + body


def seconds_until(something):
    began = time.monotonic()
    something()
    return time.monotonic() - began


def payload(event):
    return json.loads(event["payload"])
