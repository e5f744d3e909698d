"""As much of HTTP/2 as a test needs to have many streams on one connection: literal headers out, frames in."""

import struct

from harness import Client
from shopping import nothing_comes

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8
INITIAL_WINDOW_SIZE = 4
LARGEST = 16_384  # frame that everybody must take


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header that enters no table, without Huffman coding."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


class H2(Client):
    def __init__(self, port, timeout=10.0):
        super().__init__(port, timeout)
        self.next, self.answers, self.ended, self.reset = 1, {}, set(), set()
        self.initial, self.room = 65_535, {0: 65_535}  # what the server lets us send, on a new stream and on each
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30)))

    def ask(self, method, path, body=b"", more=False):
        """Sends a request; its stream's number. more: its body follows."""
        stream, self.next = self.next, self.next + 2
        self.room[stream] = self.initial
        fields = ((b":method", method.encode()), (b":scheme", b"http"), (b":path", path.encode()), (b":authority", b"shop.test"),
                  (b"content-type", b"application/json"))
        block = b"".join(literal(name, value) for name, value in fields)
        end = 0 if body or more else END_STREAM
        self.send(frame(HEADERS, END_HEADERS | end, stream, block) + (frame(DATA, END_STREAM, stream, body) if body else b""))
        return stream

    def upload(self, stream, pieces):
        """Sends the body that follows, as fast as the server grants it."""
        for piece in pieces:
            while piece:
                while not (room := min(self.room[0], self.room[stream], LARGEST)):
                    self.step()
                self.send(frame(DATA, 0, stream, piece[:room]))
                self.room[0] -= len(piece[:room])
                self.room[stream] -= len(piece[:room])
                piece = piece[room:]
        self.send(frame(DATA, END_STREAM, stream))

    def cancel(self, stream):
        self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)))

    def grant(self, stream, size):
        """Room for so many more bytes."""
        self.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size)))

    def step(self):
        """Reads one frame. Settings and the like are answered, the rest is kept in .answers (stream: bytes of all its frames)."""
        head = self.stream._exactly(9)
        payload = self.stream._exactly(int.from_bytes(head[:3], "big"))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        if kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == INITIAL_WINDOW_SIZE:
                    self.room = {each: room + (value - self.initial if each else 0) for each, room in self.room.items()}
                    self.initial = value
            self.send(frame(SETTINGS, ACK, 0))
        if kind == WINDOW_UPDATE:
            self.room[stream] += int.from_bytes(payload, "big")
        if kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        if kind in (DATA, HEADERS):
            self.keep(kind, stream, payload)
            if flags & END_STREAM:
                self.ended.add(stream)
        if kind == RST_STREAM:
            self.reset.add(stream)
        return kind

    def keep(self, _, stream, payload):
        self.answers[stream] = self.answers.get(stream, b"") + payload

    def silent(self, seconds=0.3):
        """Does no part of an answer come for that long? Frames that grant windows may."""
        before = dict(self.answers)
        while not nothing_comes(self, seconds):
            self.step()
        return self.answers == before

    def wait(self, *streams):
        """Until these have ended; the bytes of the last one's frames."""
        while not set(streams) <= self.ended | self.reset:
            self.step()
        return self.answers.get(streams[-1], b"")
