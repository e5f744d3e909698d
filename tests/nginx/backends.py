"""Upstreams that do not speak HTTP/1.1: just enough of FastCGI, SCGI and uwsgi for one request a connection. `answer(body)` is called when the
request is complete and returns what a CGI program would print."""

import struct
import threading

from peers import Server


def read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("the peer went in the middle of a request")
        data += more
    return data


class Cgi(Server):
    def __init__(self, answer):
        self.answer = answer
        self.bodies = []
        super().__init__()

    def serve(self, connection):
        body = self.take(connection)
        with self.lock:
            self.bodies.append(body)
        self.give(connection, self.answer(body))

    def give(self, connection, printed):
        connection.sendall(printed)


class FastCgi(Cgi):
    """Records of type, request id, length; STDIN ends with an empty one."""

    def take(self, connection):
        body = b""
        while True:
            _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", read(connection, 8))
            content = read(connection, length)
            read(connection, padding)
            if kind == 5:
                if not content:
                    return body
                body += content

    def give(self, connection, printed):
        out = b""
        for at in range(0, len(printed), 65535):
            part = printed[at:at + 65535]
            out += struct.pack("!BBHHBB", 1, 6, 1, len(part), 0, 0) + part
        connection.sendall(out + struct.pack("!BBHHBB", 1, 6, 1, 0, 0, 0) + struct.pack("!BBHHBB", 1, 3, 1, 8, 0, 0) + bytes(8))


class Scgi(Cgi):
    """A netstring of names and values, then the body."""

    def take(self, connection):
        length = b""
        while not length.endswith(b":"):
            length += read(connection, 1)
        words = read(connection, int(length[:-1]) + 1)[:-1].split(b"\0")
        variables = dict(zip(words[::2], words[1::2]))
        return read(connection, int(variables[b"CONTENT_LENGTH"] or 0))


class Uwsgi(Cgi):
    """A head of four bytes, then names and values with lengths, then the body."""

    def take(self, connection):
        _, size, _ = struct.unpack("<BHB", read(connection, 4))
        words, at, data = [], 0, read(connection, size)
        while at < size:
            length, = struct.unpack_from("<H", data, at)
            words.append(data[at + 2:at + 2 + length])
            at += 2 + length
        variables = dict(zip(words[::2], words[1::2]))
        return read(connection, int(variables[b"CONTENT_LENGTH"] or 0))


def gated(backend, printed):
    """A backend that waits with its answer: (backend, has the request come?, let it answer)."""
    come, go = threading.Event(), threading.Event()

    def answer(_):
        come.set()
        go.wait(20)
        return printed
    return backend(answer), come, go
