"""What all the held answers of a worker may occupy is bounded: those beyond flow on but for their tail, and all arrive whole."""

import hashlib
import os
import select

from harness import Client, Upstream, response, wait_until
from memory import bounded
from ngx import HOOKS
from shopping import post
from test_hold import slow_disk

ANSWERS = 140
SIZE = 1_500_000  # less than one may occupy, which is 2 MiB
ALL = 64 << 20    # … and all of a worker's
# Little is captured and the rest of the answer is known to be of no use, so that the held answers alone take memory.
CONFIG = "[capture]\nresponse_cap = 4096\n" + HOOKS
PATIENT = 'hold = "40s"'


def readable(clients):
    return [client for client in clients if select.select([client.socket], [], [], 0)[0]]


def test_held_answers_beyond_the_bound_of_all_trickle(site, workers):
    """With two workers one of them has at least half of the answers, which is more than it may hold."""
    body = os.urandom(SIZE)
    with Upstream(lambda _: response(201, body)) as upstream, site(upstream=upstream, config=CONFIG, store=PATIENT) as host:
        with bounded(host, (ALL >> 20) + 24):
            with slow_disk(host, 60):
                clients = [Client(host.port, 60).send(post(n)) for n in range(ANSWERS)]
                wait_until(lambda: len(upstream.requests) == ANSWERS and not upstream.open, 35, "nginx to have every answer")
                assert len(readable(clients)) >= ANSWERS - workers * (ALL // SIZE + 1)
                assert host.events() == []
            for client in clients:
                reply = client.reply()
                assert reply.complete and hashlib.sha256(reply.body).digest() == hashlib.sha256(body).digest()
                client.close()
        assert len(host.recorded()) == ANSWERS
