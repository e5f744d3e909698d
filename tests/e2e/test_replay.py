"""Replays recorded WordPress traffic (tests/cases/traffic/wordpress: requests and nginx's answers, bytes as they were) through the proxy against
an upstream that answers the recorded bytes, with and without hooks that capture and hold every change. What may differ, and nothing else:

answers  Connection and Keep-Alive are this hop's. Transfer-Encoding is: the body's chunks may be cut anew; an HTTP/1.0 client gets the body
         up to the end of the connection. Status line, all other field lines with their order and spelling, and the body's bytes are equal.
requests HTTP/1.0 goes up as HTTP/1.1. Connection, Keep-Alive, Expect and Transfer-Encoding are this hop's; X-Forwarded-For, -Proto and -Host
         are added at the end, and replaced when the client sent them. Where a hook captures, Accept-Encoding loses codings that cannot be
         undone. All else is equal, to the byte.
"""

import sqlite3

import pytest
from harness import CASES, Client, Stream, Trotline, Upstream, wait_until

FOLDER = CASES / "traffic" / "wordpress"
NAMES = sorted(path.name.removesuffix(".req") for path in FOLDER.glob("*.req"))

HOOKS = """
[[hook]]
topic = "any.changed"
match = "* /{rest*}"
status = ["2xx", "3xx", "4xx", "5xx"]
"""
THIS_HOP = {"connection", "keep-alive", "transfer-encoding"}
FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")


class Tape:
    """Bytes as a socket would give them."""

    def __init__(self, data):
        self.data = data

    def recv(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        return taken


class Player(Upstream):
    def __init__(self):
        self.bytes, self.ends, self.played = b"", False, 0
        super().__init__(answer=lambda request: (self.bytes, "close") if self.ends else self.bytes)


@pytest.fixture(scope="module")
def player():
    with Player() as server:
        yield server


@pytest.fixture(scope="module", params=["plain", "captured"])
def proxy(request, player):
    with Trotline(HOOKS if request.param == "captured" else "", upstream=player.url) as process:
        process.captures = request.param == "captured"
        player.played = 0
        yield process


def lines(raw, without):
    """The head's lines as they are, less those fields."""
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return head[0], [line for line in head[1:] if line.partition(b":")[0].decode().lower() not in without]


@pytest.mark.parametrize("name", NAMES)
def test_exchange(proxy, player, name):
    sent = (FOLDER / f"{name}.req").read_bytes()
    player.bytes = (FOLDER / f"{name}.res").read_bytes()
    recorded_request = Stream(Tape(sent)).request()
    recorded = Stream(Tape(player.bytes)).reply(recorded_request.method)
    old_client = recorded_request.version == "HTTP/1.0"
    player.ends = recorded.header("connection") == "close"
    player.requests.clear()
    player.played += 1

    with Client(proxy.port) as client:
        client.send(sent)
        reply = client.reply(recorded_request.method)
        assert reply is not None and reply.complete, proxy.logs()[-2000:]
        if old_client:
            assert client.closed()

    # What the client got.
    assert reply.body == recorded.body
    hop = THIS_HOP | ({"content-length"} if old_client and recorded.header("content-length") is None else set())
    assert lines(reply.raw, hop) == lines(recorded.raw, hop)
    if not old_client:
        assert reply.header("transfer-encoding") == recorded.header("transfer-encoding")

    # What the upstream got.
    request = wait_until(lambda: player.requests, 5, "the upstream's record")[0]
    assert request.body == recorded_request.body
    first, fields = lines(request.raw, THIS_HOP | {"expect"} | set(FORWARDED))
    first_sent, fields_sent = lines(recorded_request.raw, THIS_HOP | {"expect"} | set(FORWARDED))
    assert first == first_sent.replace(b"HTTP/1.0", b"HTTP/1.1")
    if proxy.captures:
        fields_sent = [line.replace(b", zstd", b"") if line.lower().startswith(b"accept-encoding:") else line for line in fields_sent]
    assert fields == fields_sent
    assert request.header("x-forwarded-for") == "127.0.0.1"
    assert request.header("x-forwarded-proto") == "http"
    assert request.header("x-forwarded-host") == recorded_request.header("host")
    assert len(request.headers) >= 3 and tuple(name.lower() for name, _ in request.headers[-3:]) == FORWARDED


def test_they_were_captured(proxy, player):
    """The control: where a hook matches, each of these exchanges is an event on disk; where there is none, there are no events."""
    with sqlite3.connect(f"file:{proxy.store / 'trotline.db'}?mode=ro", uri=True) as record:
        (count,) = record.execute("SELECT count(*) FROM events").fetchone()
    assert count == (player.played if proxy.captures else 0)
