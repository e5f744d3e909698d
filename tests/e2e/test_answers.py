"""The hostile answers of tests/cases/answers from a scripted upstream, through the running proxy, in three send modes. Judged by what the
client gets, and by whether the upstream's connection is used again."""

import threading

import pytest
from cases import MODES, case_bytes, pieces, table
from harness import Client, Trotline, Upstream, response, wait_until

ROWS = table("answers")


class Script(Upstream):
    """Answers /case with the bytes that were loaded, everything else with "next"."""

    def __init__(self):
        self.row, self.mode, self.sent = None, None, threading.Event()
        super().__init__(serve=lambda server, connection, stream: self.talk(connection, stream))

    def load(self, row, mode):
        self.row, self.mode = row, mode
        self.sent.clear()

    def talk(self, connection, stream):
        while (request := stream.request()) is not None:
            self.record(request)
            if request.target != "/case":
                connection.sendall(response(200, b"next"))
                continue
            data = case_bytes("answers", self.row["file"])
            close = self.row["end"] == "close"
            try:
                for piece in pieces(data, self.mode, seed=data[:64]):
                    connection.sendall(piece)
            finally:
                if close:
                    connection.close()
                self.sent.set()
            if close:
                return


@pytest.fixture(scope="module")
def script():
    with Script() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(script):
    with Trotline(upstream=script.url) as process:
        yield process


@pytest.mark.sanitized
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removesuffix(".res") for row in ROWS])
def test_case(proxy, script, row, mode):
    method = row["method"]
    status, _, manner = row["verdict"].partition(" ")
    script.load(row, mode)
    # A connection that surely is new, so that it is ours alone.
    accepted = script.accepted
    with Client(proxy.port) as client:
        body = b"" if method in ("GET", "HEAD") else b"Content-Length: 2\r\n\r\n{}"
        client.send(f"{method} /case HTTP/1.1\r\nHost: t.test\r\n".encode() + (body or b"\r\n"))
        while (reply := client.reply(method)) is not None and reply.status < 200:
            pass
        assert reply is not None, "closed without an answer"
        if status == "502" or (manner == "short" and reply.status == 502):
            # A fault in the body may be found before the head has gone out; then the client is told instead of cut off.
            assert reply.status == 502 and reply.complete
            assert b"injected" not in reply.body
        else:
            assert reply.status == int(status), reply.raw[:300]
            assert reply.body == row["body"].encode() or (manner == "short" and row["body"].encode().startswith(reply.body))
            assert reply.complete == (manner != "short")
            if manner == "short":
                assert client.closed(), "the client cannot tell that the answer was cut"
                assert not reply.raw.endswith(b"0\r\n\r\n")
        assert script.sent.wait(5)
    opened = script.accepted - accepted
    assert opened <= 1
    # The next exchange gets its own answer, on the same connection or a new one.
    before = script.accepted
    with Client(proxy.port) as client:
        client.send(b"GET /next HTTP/1.1\r\nHost: t.test\r\n\r\n")
        reply = client.reply()
        assert reply is not None and reply.status == 200 and reply.body == b"next", reply and reply.raw[:300]
    wait_until(lambda: script.requests and script.requests[-1].target == "/next", 5)
    reused = script.accepted == before
    if manner or status == "502":
        assert not reused, "the upstream's connection was used again"
    else:
        assert reused, "the upstream's connection was not used again"
