"""What the end-to-end tests share, under one name: the real `trotline` as a child process (process.py), scripted upstreams, webhook receivers
and clients (peers.py), HTTP messages (messages.py), waiting (waiting.py), places (places.py).

    with Upstream(answer) as upstream, Sink() as sink:
        config = f'''…[standalone]\\nupstream = "{upstream.url}"…'''
        with Trotline(config) as trotline:
            reply = request(trotline.port, "POST", "/orders", b"{}")
            wait_until(lambda: sink.requests)

Standard library only. The build under test is $TROTLINE_BUILD, default build/release. Everything binds loopback ports that the kernel
chose, lives in temporary directories, and is stopped by its own process id.
"""

from messages import Reply, Request, Stream, response
from peers import Client, Server, Sink, Upstream, request
from places import BINARY, BUILD, CASES, PATIENCE, ROOT
from process import Trotline, children_named, toml, trotline
from waiting import can_connect, connections, end_at, free_port, wait_steady, wait_until

__all__ = [
    "BINARY",
    "BUILD",
    "CASES",
    "Client",
    "PATIENCE",
    "ROOT",
    "Reply",
    "Request",
    "Server",
    "Sink",
    "Stream",
    "Trotline",
    "Upstream",
    "can_connect",
    "children_named",
    "connections",
    "end_at",
    "free_port",
    "request",
    "response",
    "toml",
    "trotline",
    "wait_steady",
    "wait_until",
]
