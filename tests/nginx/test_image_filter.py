"""nginx's image filter in a captured location. Like a held answer it keeps header and body back, and like ours its mark is 0x08, but on the
connection and not on the request: they do not meet. The client gets what nginx alone would give it, the event what the upstream sent."""

import random
import struct
import threading
import zlib

import pytest
from harness import Client, Upstream, response
from ngx import PARTIAL
from shopping import dateless, everything, nothing_comes, post
from test_identity import KINDS

MAIN = "load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;"
FILTERS = {"resize": "resize 30 20", "crop": "crop 40 40", "rotate": "rotate 90", "test": "test", "size": "size"}
CONFIG = '[[hook]]\ntopic = "image.stored"\nmatch = "POST /{filter}"\n'
CLOSE = "Connection: close\r\n"


def png(side):
    """A square of noise, of which each pixel takes three bytes."""
    noise = random.Random(side)
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))

    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


ANSWERS = {
    "small": png(8),
    "in many buffers": png(300),
    "too big": png(700),
    "no image": b'{"id":1,"state":"no image at all"}',
    "nothing": b"",
}


def locations(more=""):
    return "".join(f"location /{name} {{ proxy_pass http://@UPSTREAM@; image_filter {words}; {more} }}" for name, words in FILTERS.items())


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_the_client_gets_the_same_image(site, body):
    got = {}
    raw = response(200, body, [("Content-Type", "image/png")])
    with Upstream(lambda _: (raw, "close")) as upstream:
        for kind in ("off", "async", "hold"):
            with site(locations(), upstream=upstream, main=MAIN, config=CONFIG, **KINDS[kind]) as host:
                got[kind] = {name: dateless(everything(host.port, post(path=f"/{name}", more=CLOSE))) for name in FILTERS}
                if kind != "off":
                    events = host.recorded()
                    assert len(events) == len(FILTERS) and {event["status"] for event in events} == {200}
                assert not host.alarms()
    assert got["off"] == got["async"] == got["hold"]


@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("body", [ANSWERS["in many buffers"], ANSWERS["no image"]], ids=["image", "no image"])
def test_an_image_that_takes_longer_than_the_hold_to_come(site, body, buffering):
    """It is let through to the filter while the upstream still sends; what the filter says instead is no part of the event."""
    go = threading.Event()

    def serve(_, connection, stream):
        stream.request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:30])
        go.wait(20)
        connection.sendall(body[30:])

    got = {}
    with Upstream(serve=serve) as upstream:
        for kind, store in {"off": "", "async": 'guarantee = "async"', "hold": 'hold = "100ms"'}.items():
            go.clear()
            with site(locations(f"proxy_buffering {buffering};"), upstream=upstream, main=MAIN, config=CONFIG, store=store,
                      module=kind != "off") as host, Client(host.port) as client:
                client.send(post(path="/resize", more=CLOSE))
                nothing_comes(client, 0.5)
                go.set()
                got[kind] = dateless(client.reply().raw)
                if kind != "off":
                    event, = host.recorded()
                    assert event["flags"] & PARTIAL or len(event["payload"]) == len(body)
                assert not host.alarms()
    assert got["off"] == got["async"] == got["hold"]
