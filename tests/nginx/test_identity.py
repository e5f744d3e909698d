"""What the client gets is the same byte for byte without Trotline, with it, and when it holds; over HTTP/1.1 and HTTP/2."""

import hashlib
import shutil
import subprocess

import pytest
from harness import Client, Stream, Upstream, response
from shopping import dateless, everything, post
from test_bodies import chunked

SIZES = [0, 1, 1000, 65_536, 5_000_000]
KINDS = {
    "off": {"module": False},
    "loaded, off": {"trotline": "off"},
    "async": {"store": 'guarantee = "async"'},
    "hold": {},
}
CLOSE = "Connection: close\r\n"
HEADERS = [("Content-Type", "application/json"), ("X-Odd", " two  blanks"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"x"'),
           ("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT"), ("Location", "/orders/7"), ("Cache-Control", "no-store")]


def body_of(size):
    return bytes(n * 7 % 251 for n in range(1000)) * (size // 1000) + b"z" * (size % 1000)


def unchunked(raw):
    """An answer with its chunks joined: how nginx cuts a large body depends on how it came."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" not in head:
        return raw
    stream = Stream(None, body)
    joined, _ = stream.chunked()
    assert not stream.data
    return head + blank + joined


def raw_answer(framing, size, status=201):
    body = body_of(size)
    plain = response(status, body, HEADERS, "Created")
    if framing == "length":
        return plain
    head = plain.partition(b"\r\n\r\n")[0].replace(b"Content-Length: %d\r\n" % size, b"")
    if framing == "chunked":
        return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 30_000)
    return head + b"\r\n\r\n" + body


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("server", ["", "proxy_buffering off;", "add_header X-Ours yes always;", "gzip on; gzip_types application/json;",
                                    "chunked_transfer_encoding off;"], ids=["plain", "unbuffered", "add_header", "gzip", "no chunks"])
def test_bytes_are_the_same(site, framing, server):
    server = f"location / {{ {server} proxy_pass http://@UPSTREAM@; proxy_set_header Host shop; }}"
    got, seen = {}, {}
    current = {}

    def answer(request):
        raw = raw_answer(framing, int(request.header("x-size")), int(request.header("x-status")))
        current.setdefault("seen", []).append(request.raw)
        return raw, "close"

    with Upstream(answer) as upstream:
        for kind, options in KINDS.items():
            current.clear()
            with site(server, upstream=upstream, **options) as host:
                answers = []
                for size, status in [*((size, 201) for size in SIZES), (1000, 200), (0, 409), (1000, 409)]:
                    more = f"X-Size: {size}\r\nX-Status: {status}\r\nAccept-Encoding: identity\r\n"
                    raw = unchunked(dateless(everything(host.port, post(1, more=more + CLOSE))))
                    answers.append((size, status, len(raw), hashlib.sha256(raw).hexdigest(), raw[:600]))
                assert "[alert]" not in host.logs()
                got[kind], seen[kind] = answers, current["seen"]
    for kind in KINDS:
        assert got[kind] == got["off"], kind
        assert seen[kind] == seen["off"], kind


def test_keep_alive_answers_are_the_same(site, shop):
    got = {}
    for kind, options in KINDS.items():
        with site(upstream=shop, **options) as host, Client(host.port) as client:
            got[kind] = []
            for method, path in (("POST", "/orders"), ("DELETE", "/orders/3"), ("PUT", "/orders/3"), ("GET", "/orders"),
                                 ("HEAD", "/orders"), ("POST", "/no")):
                got[kind].append(dateless(client.send(post(4, path, method)).reply(method).raw))
    assert all(each == got["off"] for each in got.values()), got


RANGES = ["0-9", "100-", "-5", "0-1,5-9", "999999-"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ranges_are_the_same(site, method):
    server = "location / { proxy_pass http://@UPSTREAM@; proxy_force_ranges on; } location /file { root @DIR@; }"
    got = {}

    def all_answers(host):
        for ranges in RANGES:
            for path in ("/orders", "/else", "/file"):
                lines = dateless(everything(host.port, post(1, path, method, f"Range: bytes={ranges}\r\n" + CLOSE))).splitlines()
                # nginx makes these of a count and of the file's time
                yield [line for line in lines if not line.startswith((b"ETag", b"Last-M", b"--0", b"Content-Type: multipart"))]

    with Upstream(lambda _: response(200, body_of(2000), HEADERS)) as upstream:
        for kind, options in KINDS.items():
            with site(server, upstream=upstream, **options) as host:
                (host.dir / "file").write_bytes(body_of(2000))
                got[kind] = list(all_answers(host))
                if method == "POST" and kind in ("async", "hold"):
                    assert len(host.recorded()) == len(RANGES)
    assert all(each == got["off"] for each in got.values()), got


def curl(port, *arguments):
    command = ["curl", "-sS", "--max-time", "60", *arguments, f"http://127.0.0.1:{port}/orders"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_http_2_is_the_same(site, framing):
    got = {}
    for kind, options in KINDS.items():
        got[kind] = []
        for size in SIZES:
            raw = raw_answer(framing, size)
            with Upstream(lambda _, raw=raw: (raw, "close")) as upstream, site(upstream=upstream, h2=True, **options) as host:
                out = curl(host.port2, "--http2-prior-knowledge", "-i", "-d", "{}")
                got[kind].append((size, hashlib.sha256(dateless(out)).hexdigest(), out[:12]))
                assert out.startswith(b"HTTP/2 201") and out.endswith(body_of(size)[-100:])
                if kind in ("async", "hold"):
                    assert len(host.recorded()) == 1
                    assert not host.alarms()
    assert all(each == got["off"] for each in got.values()), got
