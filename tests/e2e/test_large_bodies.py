"""Bodies beyond four GiB stream through in both directions: every byte in its place, in constant memory, no faster than the reader reads,
and what a hook matches is captured up to its cap.
"""

import contextlib
import json
import random
import re
import threading

import pytest
from harness import Client, Upstream, response, trotline, wait_steady, wait_until
from proxy import proxy

MIB = 1 << 20
LARGE = (4 << 30) + 12_345  # more than 32 bits count
MEDIUM = 256 * MIB          # far more than any buffer on the way
MEMORY = 64 * MIB  # the host may have that much at its peak
CAP = MIB                   # of a capture, the default
# The byte at each place of a body is known: a block whose length no power of two divides, again and again. What is lost, doubled or
# swapped moves all that follows it.
PERIOD = MIB - 3
BLOCK = random.Random(42).randbytes(PERIOD)
TWICE = BLOCK + BLOCK

HOOK = """
[[hook]]
topic = "file.stored"
match = "POST /captured"
payload = { "request" = "request:", "response" = "response:" }
"""


class Body:
    """What a receiver has seen of a body; each piece is compared with what belongs there."""

    def __init__(self):
        self.count = 0
        self.wrong = None

    def take(self, piece):
        at = self.count % PERIOD
        while piece and self.wrong is None:
            length = min(len(piece), len(TWICE) - at)
            if piece[:length].tobytes() != TWICE[at:at + length]:
                self.wrong = self.count
            self.count += length
            piece = piece[length:]
            at = self.count % PERIOD


def send_body(connection, total, chunked, sent):
    """Sends `total` bytes of the pattern; sent[0] is how far it has come."""
    view = memoryview(BLOCK)
    while sent[0] < total:
        piece = view[:min(PERIOD, total - sent[0])]
        if chunked:
            connection.sendall(b"%x\r\n" % len(piece))
        connection.sendall(piece)
        if chunked:
            connection.sendall(b"\r\n")
        sent[0] += len(piece)
    if chunked:
        connection.sendall(b"0\r\n\r\n")


SIZE = re.compile(rb"(?:\r\n)?([0-9a-f]+)\r\n")


def receive_body(connection, first, total, chunked):
    """Receives a body in large reads, `first` of it having been read already."""
    body = Body()
    buffer = memoryview(bytearray(4 * MIB))
    buffer[:len(first)] = first
    have = len(first)
    left = 0 if chunked else total  # of the chunk, or of the body
    while True:
        at = 0
        while at < have:
            if left == 0 and chunked:
                size = SIZE.match(buffer[at:have])
                if size is None:
                    break  # a part of the line
                at += size.end()
                left = int(size[1], 16)
                if left == 0:
                    assert bytes(buffer[at:have]) == b"\r\n"
                    return body
            length = min(left, have - at)
            body.take(buffer[at:at + length])
            at += length
            left -= length
            if left == 0 and not chunked:
                assert at == have
                return body
        buffer[:have - at] = bytes(buffer[at:have])
        have -= at
        count = connection.recv_into(buffer[have:])
        assert count, f"only {body.count} bytes"
        have += count


def stalled(sent):
    """Waits until the sender can send no more because nobody reads; how far it came."""
    wait_until(lambda: sent[0] > 0, 30, "a sender that sends")
    return wait_steady(lambda: sent[0])


def event_of(host):
    text = wait_until(lambda: trotline("events", "--json", "--store", host.store).stdout, 10, "the event")
    listed = json.loads(text.splitlines()[0])
    return json.loads(trotline("events", listed["id"], "--json", "--store", host.store).stdout)


def judge(host, path):
    assert host.peak_resident_kib() < MEMORY // 1024
    if path == "/captured":
        event = event_of(host)
        assert "truncated" in event["flags"] and len(json.dumps(event)) < 4 * CAP, event["flags"]


@pytest.mark.parametrize("path, chunked, total", [("/captured", True, LARGE), ("/captured", False, MEDIUM), ("/else", True, MEDIUM), ("/else", False, MEDIUM)])
def test_a_large_download_arrives_whole_in_constant_memory(path, chunked, total):
    sent = [0]

    def serve(_, connection, stream):
        stream.request()
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total) + b"\r\n\r\n")
        send_body(connection, total, chunked, sent)

    with Upstream(serve=serve) as upstream, proxy(upstream, config=HOOK) as host, Client(host.port, timeout=60) as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
        client.stream.head()
        assert stalled(sent) < 64 * MIB
        body = receive_body(client.socket, client.stream.data, total, chunked)
        assert (body.count, body.wrong) == (total, None)
        judge(host, path)


@pytest.mark.parametrize("path, chunked, total", [("/captured", False, LARGE), ("/captured", True, MEDIUM), ("/else", True, MEDIUM), ("/else", False, MEDIUM)])
def test_a_large_upload_arrives_whole_in_constant_memory(path, chunked, total):
    go, sent, seen = threading.Event(), [0], []

    def serve(_, connection, stream):
        stream.head()
        if go.wait(60):
            seen.append(receive_body(connection, stream.data, total, chunked))
            connection.sendall(response(201, b"{}"))

    with Upstream(serve=serve) as upstream, proxy(upstream, config=HOOK) as host, Client(host.port, timeout=60) as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\n".encode() + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total) + b"\r\n\r\n")

        def upload():
            with contextlib.suppress(OSError):  # the answer tells
                send_body(client.socket, total, chunked, sent)
        sender = threading.Thread(target=upload)
        sender.start()
        try:
            assert stalled(sent) < 64 * MIB
            go.set()
            assert client.reply("POST").status == 201
        finally:
            go.set()
            sender.join()
        assert (seen[0].count, seen[0].wrong) == (total, None) and sent[0] == total
        judge(host, path)
