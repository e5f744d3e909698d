"""The 169 requests of tests/cases/smuggling, in three send modes: nginx with the module answers and forwards byte for byte as nginx without
it does. Every one that can change something is captured and held."""

import contextlib
import re
import socket

import pytest
from cases import MODES, case_bytes, pieces, table
from harness import Client
from ngx import Nginx
from test_smuggling import Recorder

ROWS = table("smuggling")
# The clients below close their side at once, which nginx takes for an abort unless told otherwise; the module tells it so.
SERVER = "location / { proxy_pass http://@UPSTREAM@; proxy_http_version 1.1; proxy_ignore_client_abort on; }"
EVERYTHING = '[[hook]]\ntopic = "all"\nmatch = "POST,PUT,PATCH,DELETE /{rest*}"\n'


@pytest.fixture(scope="module")
def pair():
    with Recorder() as one, Recorder() as other, Nginx(SERVER, upstream=one, config=EVERYTHING, level="error") as with_module, \
            Nginx(SERVER, upstream=other, module=False, level="error") as without:
        yield (with_module, one), (without, other)


def dateless(raw):
    return re.sub(rb"\r\nDate: [^\r]*", b"", raw)


def exchange(port, data, mode):
    """All that comes back, until nginx closes."""
    with Client(port, timeout=20) as client:
        with contextlib.suppress(OSError):  # it has closed already
            for piece in pieces(data, mode, seed=data[:64]):
                client.send(piece)
            client.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while client.stream.fill():
                pass
        return dateless(bytes(client.stream.data))


def forwarded(recorder, address):
    """What the upstream got, without the one line that names it."""
    return [request.raw.replace(address.encode(), b"UPSTREAM") for request in recorder.take()]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removesuffix(".req") for row in ROWS])
def test_case(pair, row, mode):
    data = case_bytes("smuggling", row["file"])
    came, went = [], []
    for host, recorder in pair:
        recorder.take()
        came.append(exchange(host.port, data, mode))
        went.append(forwarded(recorder, recorder.address))
    assert came[0] == came[1]
    assert went[0] == went[1]
