"""Waiting for a condition, never for a time: by polling, with a deadline. And what the kernel knows of ports and connections."""

import collections
import socket
import time
from dataclasses import dataclass

from places import PATIENCE


def wait_until(predicate, deadline=10.0, what=None):
    """Polls until predicate() is true and returns its value; fails with `what` (text or function) after `deadline` seconds."""
    end = time.monotonic() + deadline * PATIENCE
    pause = 0.001
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {deadline} s: {told or getattr(predicate, '__name__', predicate)}")
        time.sleep(pause)  # between two looks
        pause = min(pause * 1.5, 0.05)


def wait_steady(value, still=0.5, deadline=30.0):
    """Waits until value() has not changed for `still` seconds and returns it: for what stops without saying so."""
    seen, since = value(), time.monotonic()
    end = since + deadline * PATIENCE
    while time.monotonic() - since < still * PATIENCE:
        assert time.monotonic() < end, f"not steady within {deadline} s, last {seen}"
        time.sleep(0.02)  # between two looks
        if (now := value()) != seen:
            seen, since = now, time.monotonic()
    return seen


kept = collections.deque(maxlen=200)  # the sockets that keep the last ports


def free_port(host="127.0.0.1"):
    """A port that the kernel gives to nobody else, also not to tests beside this one: it stays bound here, by a socket that does not
    listen. Trotline and nginx set SO_REUSEADDR, and so may bind it as well."""
    keeper = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((host, 0))
    kept.append(keeper)
    return keeper.getsockname()[1]


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


@dataclass
class Connection:
    """One end of a TCP connection as the kernel sees it; `unread` bytes have arrived there and wait for its owner."""

    port: int
    peer_port: int
    state: str
    unread: int


STATES = {"01": "established", "08": "half closed by the peer"}


def connections():
    """All the ends of IPv4 connections of this machine."""
    found = []
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            _, local, peer, state, queues = line.split()[:5]
            found.append(Connection(int(local.rpartition(":")[2], 16), int(peer.rpartition(":")[2], 16), STATES.get(state, state),
                                    int(queues.rpartition(":")[2], 16)))
    return found


def end_at(port, peer_port):
    """The end of a connection that has this port, or None when there is none (any more)."""
    return next((each for each in connections() if (each.port, each.peer_port) == (port, peer_port)), None)
