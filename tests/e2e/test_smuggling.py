"""The 169 requests of tests/cases/smuggling against the running proxy in three send modes. Judged by what the client gets (statuses, is the
connection closed), and by what the upstream saw: how many complete requests, with which bodies, and whether any of them could be read
in two ways."""

import re

import pytest
from cases import MODES, case_bytes, pieces, table
from harness import Client, Trotline, Upstream, response, wait_until

ROWS = table("smuggling")
BODY_LIMIT = 32 << 20  # limit-body-64m wants one under 64 MiB
MARKER = b"GET /marker HTTP/1.1\r\nHost: t.test\r\n\r\n"


class Recorder(Upstream):
    """Also counts the connections on which a request has begun and is not complete."""

    def __init__(self):
        self.partial = 0
        super().__init__(serve=lambda server, connection, stream: self.talk(connection, stream))

    def talk(self, connection, stream):
        while stream.data or stream.fill():
            with self.lock:
                self.partial += 1
            try:
                request = stream.request()
                self.record(request)
            finally:
                with self.lock:
                    self.partial -= 1
            connection.sendall(response(200, b"marker" if request.target == "/marker" else b"ok"))

    def _serve(self, connection):
        try:
            super()._serve(connection)
        except EOFError:
            pass  # a request that the proxy did not complete

    def take(self):
        """What has been seen since the last call, once nothing is under way; without markers."""
        wait_until(lambda: self.partial == 0, 5, "the upstream's connections are at rest")
        with self.lock:
            seen, self.requests = self.requests, []
        return [request for request in seen if request.target != "/marker"]


@pytest.fixture(scope="module")
def recorder():
    with Recorder() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(recorder):
    with Trotline(upstream=recorder.url, standalone={"body_bytes": BODY_LIMIT}) as process:
        yield process


def send(client, data, mode):
    """False when the proxy stopped listening."""
    try:
        for piece in pieces(data, mode, seed=data[:64]):
            client.send(piece)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def methods(data):
    """Of the requests that a client means by these bytes: to know which answers have no body."""
    return [match.decode("latin-1") for match in re.findall(rb"(?:^|\n|(?<=hello))([!-~]+) \S+ HTTP/1", data)] or ["GET"]


def final_reply(client, method):
    while (reply := client.reply(method)) is not None and reply.status < 200:
        pass
    return reply


def unambiguous(raw):
    """A request as we forward it has one framing, one Host, CRLF line ends and nothing that anybody could read in another way."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"") and b"\r" not in head.replace(b"\r\n", b""), head
    lines = head.split(b"\r\n")
    assert re.fullmatch(rb"[!-~]+ [!-~]+ HTTP/1\.1", lines[0]), lines[0]
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    for name in names:
        assert re.fullmatch(rb"[-!#$%&'*+.^_`|~0-9a-z]+", name), name
    assert names.count(b"host") == 1, names
    framings = [name.replace(b"_", b"-") for name in names if name.replace(b"_", b"-") in (b"content-length", b"transfer-encoding")]
    assert len(framings) <= 1, names
    assert b"upgrade" not in names and b"http2-settings" not in names, names


@pytest.mark.sanitized
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removesuffix(".req") for row in ROWS])
def test_case(proxy, recorder, row, mode):
    data = case_bytes("smuggling", row["file"])
    expected = row["trotline"].split()
    serving = expected.count("200")
    recorder.take()
    with Client(proxy.port, timeout=20) as client:
        send(client, data, mode)
        if expected == ["wait"]:
            assert not client.closed(deadline=0.3) and not client.stream.data, "answered what is not complete"
        else:
            for status, method in zip(expected, methods(data) + ["GET"] * len(expected)):
                reply = final_reply(client, method)
                assert reply is not None, f"closed without an answer, {status} expected"
                assert reply.status == int(status), reply.raw[:200]
                assert reply.complete
            refused = expected[-1] != "200"
            if refused or row["file"] == "pipeline-after-close.req":
                assert client.closed(), "the connection goes on after a refusal"
            else:
                # Nothing is left between us: the next request on this connection gets its own answer.
                client.send(MARKER)
                reply = client.reply()
                assert reply is not None and reply.body == b"marker", reply and reply.raw[:200]
    seen = recorder.take()
    assert len(seen) == serving, [request.raw[:200] for request in seen]
    if row["must"] in ("REJECT", "STRICT"):
        assert not seen
    for request in seen:
        unambiguous(request.raw)
    if seen and row["body_bytes"]:
        assert len(seen[0].body) == int(row["body_bytes"])
