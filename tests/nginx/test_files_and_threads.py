"""Answers that go through files and through nginx's threads: aio, sendfile, directio, a store, a cache, a limited rate. The client gets every
byte, whether the record comes before the end of the answer or after it, and each change is recorded once."""

import threading

import pytest
from harness import Client, Upstream, wait_steady
from ngx import HOOKS
from shopping import post
from test_identity import KINDS
from test_large_bodies import PERIOD, receive_body, send_body

HALF = 6 * PERIOD
SIZE = 2 * HALF
HEAD = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % SIZE
# Recorded long before the answer's end.
CONFIG = "[capture]\nresponse_cap = 16384\n" + HOOKS
WAYS = {
    "sendfile": "sendfile on;",
    "threads": "aio threads;",
    "threads that write": "aio threads; aio_write on;",
    "sendfile by threads": "sendfile on; aio threads; sendfile_max_chunk 64k;",
    "sendfile by threads that write": "sendfile on; aio threads; aio_write on; sendfile_max_chunk 64k; proxy_temp_file_write_size 64k;",
    "directio": "directio 512; aio threads; aio_write on; sendfile on; output_buffers 1 16k;",
    "a store": "proxy_store @DIR@/stored; sendfile on; aio threads; aio_write on; directio 512;",
    "a cache": "proxy_cache shop; proxy_cache_methods POST; proxy_cache_key $request_body; proxy_cache_valid any 1m; "
               "sendfile on; aio threads; aio_write on; directio 512;",
    "a limited rate": "sendfile on; aio threads; limit_rate 20m;",
}
CACHE = "proxy_cache_path @DIR@/cache keys_zone=shop:1m;"


class Halves(Upstream):
    """Answers with a large body, of which it keeps the second half until it may."""

    def __init__(self):
        self.sent, self.go = [0], threading.Event()
        super().__init__(serve=self.halves)

    def halves(self, _, connection, stream):
        self.record(stream.request())
        sent = self.sent = [0]
        connection.sendall(HEAD)
        send_body(connection, HALF, False, sent)
        self.go.wait(30)
        send_body(connection, SIZE, False, sent)


def whole(client):
    _, _, head = client.stream.head()
    assert b" 201 Created\r\n" in head
    body = receive_body(client.socket, client.stream.data, SIZE, False)
    return (body.count, body.wrong) == (SIZE, None)


def settings(way):
    return f"location / {{ proxy_pass http://@UPSTREAM@; {WAYS[way]} }}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["async", "hold"])
def test_an_answer_through(site, way, kind):
    """One that is read as it comes, and one that lies in a file before its client reads a byte."""
    with Halves() as upstream, site(settings(way), upstream=upstream, http=CACHE, config=CONFIG, **KINDS[kind]) as host:
        upstream.go.set()
        for n in range(2):
            with Client(host.port, 30) as client:
                client.send(post(n))
                if n:
                    wait_steady(lambda: upstream.sent[0], 0.2)
                assert whole(client)
        assert len(host.recorded()) == 2
        assert not host.alarms()


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_whose_record_comes_in_the_middle(site, way):
    """What was held goes to nginx's threads while the upstream's next buffers do, too."""
    with Halves() as upstream, site(settings(way), upstream=upstream, http=CACHE, config=CONFIG) as host:
        for n in range(5):
            upstream.go.clear()
            with Client(host.port, 30) as client:
                with host.locked():
                    client.send(post(n))
                    wait_steady(lambda: upstream.sent[0], 0.05)
                upstream.go.set()
                assert whole(client)
        assert len(host.recorded()) == 5
        assert not host.alarms()


@pytest.mark.parametrize("way", ["a store", "a cache"])
def test_many_answers_at_once_through(site, way):
    """A thread that sends what was held must not meet one that writes what comes (nginx: "task already active", and a cut answer)."""
    answers, at_once = 96, 8
    good = []

    def read(port, first):
        for n in range(first, answers, at_once):
            with Client(port, 30) as client:
                good.append(whole(client.send(post(n))))

    with Halves() as upstream, site(settings(way), upstream=upstream, http=CACHE, config=CONFIG) as host:
        upstream.go.set()
        readers = [threading.Thread(target=read, args=(host.port, first)) for first in range(at_once)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert not host.alarms()
        assert good == [True] * answers and len(host.recorded()) == answers
