"""HTTP messages as they were on the wire: read off a socket byte for byte, and written."""

import time
from dataclasses import dataclass, field


@dataclass
class Request:
    """A request as it came: `raw` holds every byte of it."""

    method: str
    target: str
    version: str
    headers: list  # (name, value) pairs, as sent
    body: bytes
    raw: bytes
    time: float = field(default_factory=time.monotonic)

    def header(self, name, default=None):
        return next((value for each, value in self.headers if each.lower() == name.lower()), default)

    def all(self, name):
        return [value for each, value in self.headers if each.lower() == name.lower()]


@dataclass
class Reply:
    status: int
    reason: str
    headers: list
    body: bytes
    raw: bytes
    complete: bool = True

    header = Request.header
    all = Request.all


class Stream:
    """Reads HTTP messages off a socket. `source` needs recv only. Believes what it reads: for well-formed peers, and to record others."""

    def __init__(self, source, initial=b""):
        self.source = source
        self.data = bytearray(initial)
        self.ended = False

    def fill(self):
        """One more read; False at the end."""
        more = b"" if self.ended else self.source.recv(65536)
        self.ended = not more
        self.data += more
        return bool(more)

    def _take(self, n):
        taken = bytes(self.data[:n])
        del self.data[:n]
        return taken

    def _line(self):
        while (at := self.data.find(b"\n")) < 0:
            if not self.fill():
                raise EOFError
        return self._take(at + 1)

    def _exactly(self, n):
        while len(self.data) < n:
            if not self.fill():
                raise EOFError
        return self._take(n)

    def head(self):
        """First line and headers, raw; None when the stream ended before the first byte."""
        while not self.data:
            if not self.fill():
                return None
        raw = first = self._line()
        headers = []
        while True:
            line = self._line()
            raw += line
            if line in (b"\r\n", b"\n"):
                return first.decode("latin-1").rstrip("\r\n"), headers, raw
            name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
            headers.append((name, value.strip(" \t")))

    def chunked(self):
        """A chunked body: (data, raw)."""
        body, raw = bytearray(), bytearray()
        while True:
            line = self._line()
            raw += line
            size = int(line.split(b";")[0].strip(), 16)
            if size == 0:
                break
            piece = self._exactly(size)
            body += piece
            raw += piece + self._exactly(2)
        while True:
            line = self._line()
            raw += line
            if line in (b"\r\n", b"\n"):
                return bytes(body), bytes(raw)

    def request(self, head=None):
        """The next request with its body, or None at the end of the stream. `head`: what head() gave before."""
        head = head or self.head()
        if head is None:
            return None
        first, headers, raw = head
        method, target, version = (first.split(" ") + ["", ""])[:3]
        request = Request(method, target, version, headers, b"", raw)
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            request.body, more = self.chunked()
        else:
            request.body = more = self._exactly(int(request.header("content-length") or 0))
        request.raw += more
        return request

    def reply(self, method="GET"):
        """The next answer with its body; None when the stream ended before it. A body that is cut short is marked, not raised."""
        head = self.head()
        if head is None:
            return None
        first, headers, raw = head
        _, _, rest = first.partition(" ")
        status, _, reason = rest.partition(" ")
        reply = Reply(int(status), reason, headers, b"", raw)
        more = b""
        try:
            if reply.status < 200 or reply.status in (204, 304) or method == "HEAD":
                pass
            elif (reply.header("transfer-encoding") or "").lower() == "chunked":
                reply.body, more = self.chunked()
            elif reply.header("content-length") is not None:
                reply.body = more = self._exactly(int(reply.header("content-length")))
            else:
                while self.fill():
                    pass
                reply.body = more = self._take(len(self.data))
        except EOFError:
            reply.complete = False
            reply.body = more = self._take(len(self.data))
        reply.raw += more
        return reply


def response(status=200, body=b"", headers=(), reason="OK"):
    """A plain answer with Content-Length."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
