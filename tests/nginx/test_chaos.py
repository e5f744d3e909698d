"""acked_means_recorded on nginx: whatever kills workers and whoever leaves, what was read whole has its event; none is invented."""

import json
import random
import socket
import threading
import time

import pytest
from harness import PATIENCE, Client, Upstream, wait_until
from shopping import orders, post

ROUNDS = 30
SECONDS = 30
CLIENTS = 8
CONFIG = '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'


class Shop(Upstream):
    """Knows every order that it said yes to, before it says so."""

    def __init__(self):
        self.made = set()
        super().__init__(self.make)

    def make(self, got):
        if got.method == "POST":
            with self.lock:
                self.made.add(json.loads(got.body)["id"])
        return orders(got)


class Load:
    """Clients that send orders with ids of their own; `aborts` of them are left alone halfway."""

    def __init__(self, port, aborts=0.0, seed=20261122, first=1):
        self.port, self.aborts, self.seed = port, aborts, seed
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.acked, self.failed, self.sent = set(), [], first - 1
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            self.sent += 1
            return self.sent

    def _run(self, n):
        choose, client = random.Random(self.seed + n), None
        while not self.stopping.is_set():
            order = self._next()
            leave = choose.random() < self.aborts
            try:
                client = client or Client(self.port)
                client.send(post(order))
                if leave:
                    if choose.random() < 0.5:
                        client.socket.settimeout(choose.random() * 0.005 + 0.0001)
                        client.socket.recv(1)
                    raise TimeoutError
                reply = client.reply("POST")
                if reply is None or not reply.complete:
                    raise ConnectionError("closed")
                with self.lock:
                    if reply.status == 201:
                        self.acked.add(order)
                    else:
                        self.failed.append((order, reply.status))
            except (OSError, EOFError) as error:
                if not leave:
                    with self.lock:
                        self.failed.append((order, repr(error)))
                if client:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    client.close()
                client = None
        if client:
            client.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)


def judge(host, load, shop):
    """Nothing lost that was acknowledged, nothing invented, nothing twice."""
    events = [int(event["resource_id"]) for event in host.events()]
    assert load.acked - set(events) == set(), f"lost of {len(load.acked)}"
    assert set(events) <= shop.made
    assert len(events) == len(set(events))
    return set(events)


@pytest.mark.slow
def test_acked_means_recorded_when_workers_are_killed(site, workers):
    with Shop() as shop, site(upstream=shop, config=CONFIG, level="notice") as host:
        load = Load(host.port, aborts=0.4)
        for n in range(ROUNDS):
            before = len(load.acked)
            wait_until(lambda before=before: len(load.acked) > before + 20, 60, "acknowledged orders")
            host.kill_worker() if n % 3 else host.kill_workers()
            wait_until(lambda: len(host.workers()) == workers, 20, "successors")
        load.stop()
        assert host.quit() == 0
        recorded = judge(host, load, shop)
        assert len(load.acked) > ROUNDS * 20 and len(recorded) > len(load.acked)


@pytest.mark.slow
def test_acked_means_recorded_when_everything_is_killed(site):
    with Shop() as shop, site(upstream=shop, config=CONFIG, level="notice") as host:
        acked = set()
        load = None
        for n in range(10):
            load = Load(host.port, aborts=0.2, seed=n, first=n * 1_000_000)
            wait_until(lambda load=load: len(load.acked) > 100, 60, "acknowledged orders")
            host.kill()
            load.stop()
            acked |= load.acked
            host.start()
        load.acked = acked
        assert host.quit() == 0
        judge(host, load, shop)


@pytest.mark.sanitized
@pytest.mark.slow
def test_every_change_is_recorded_when_only_clients_leave(site):
    """Without kills not only what was acknowledged is there, but every order that was made."""
    with Shop() as shop, site(upstream=shop, config=CONFIG, level="notice") as host:
        load = Load(host.port, aborts=0.4)
        for _ in range(4):
            before = len(load.acked)
            wait_until(lambda before=before: len(load.acked) > before + 500, 120, "acknowledged orders")
            host.reload()
        load.stop()
        assert host.quit() == 0
        assert judge(host, load, shop) == shop.made
        assert not host.alarms()


@pytest.mark.slow
def test_a_storm_of_reloads_fails_no_request_and_loses_nothing(site):
    with Shop() as shop, site(upstream=shop, config=CONFIG, level="notice", http="keepalive_timeout 0;") as host:
        load = OneByOne(host.port)
        for _ in range(int(SECONDS * max(1, PATIENCE / 4))):
            host.reload(wait=False)
            time.sleep(1)  # the promise is about this pace
        load.stop()
        assert host.quit() == 0
        assert load.failed == [], load.failed[:5]
        assert len(load.acked) > 100
        assert judge(host, load, shop) == shop.made
        assert not host.alarms()


class OneByOne(Load):
    """Each order on a connection of its own: nginx closes idle ones when it reloads, which is no failure."""

    def _run(self, _):
        while not self.stopping.is_set():
            order = self._next()
            try:
                with Client(self.port) as client:
                    reply = client.send(post(order)).reply("POST")
                    status = reply.status if reply and reply.complete else "closed"
            except OSError as error:
                status = repr(error)
            with self.lock:
                if status == 201:
                    self.acked.add(order)
                else:
                    self.failed.append((order, status))
