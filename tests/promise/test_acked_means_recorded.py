"""acked_means_recorded: a change whose success the client saw is recorded, whatever kills the process; nothing is invented.

The controls: with the guarantee "async" and with sync = "off" under a power cut the same judge must report a loss (test_power_cut.py).
"""

import random
import shutil
import sqlite3
import time

import pytest
from harness import PATIENCE, Trotline, wait_until
from shop import Load

ROUNDS = 30
ENOUGH = 5000


def drained(lab, acked):
    return lambda: acked <= lab.delivered()


@pytest.mark.slow
def test_acked_means_recorded(lab):
    """30 rounds of kill -9 under load."""
    acked, first, choose = set(), 1, random.Random(20261122)
    trotline = Trotline(lab.config(), upstream=lab.upstream.url)
    try:
        for _ in range(ROUNDS):
            trotline.start()
            load = Load(trotline.port, first).start()
            enough = ENOUGH // ROUNDS + choose.randrange(60)
            wait_until(lambda load=load, enough=enough: len(load.acked) >= enough, 60, "enough acknowledged orders for a round")
            trotline.kill()
            load.stop()
            acked |= load.acked
            first = load.next
        with trotline:
            wait_until(drained(lab, acked), 120, lambda: f"{len(acked - lab.delivered())} orders not delivered after the last restart")
    finally:
        trotline.kill()
        shutil.rmtree(trotline.dir, ignore_errors=True)
    verdict = lab.judge(acked)
    assert len(acked) >= ENOUGH
    assert verdict["lost"] == [] and verdict["invented"] == []
    assert verdict["twice"] == {} and verdict["changed"] == []


def orders_in(store):
    """What the file holds, read with SQLite alone."""
    connection = sqlite3.connect(f"file:{store}/trotline.db?mode=ro", uri=True)
    try:
        return {int(row[0]) for row in connection.execute("SELECT resource_id FROM events")}
    finally:
        connection.close()


SYSCALLS = "fdatasync,fsync,pwrite64,ftruncate,rename,unlink"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_acked_means_recorded_at_each_syscall(lab):
    """The same with the process killed at the 1st, 2nd, 3rd… call that could reach the disk, until a run ends unharmed."""
    acked, first, killed = set(), 1, 0
    trotline = Trotline(lab.config('spill_reserve = "1MiB"'), upstream=lab.upstream.url)
    try:
        for n in range(1, 200):
            trotline.wrap = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={SYSCALLS}", "-e",
                             f"inject={SYSCALLS}:signal=KILL:when={n}"]
            shutil.rmtree(trotline.store, ignore_errors=True)
            trotline.start(ready=False)
            load = Load(trotline.port, first, threads=1, total=12)
            end = time.monotonic() + 20 * PATIENCE
            while trotline.running() and time.monotonic() < end and not load.threads[0].ident:
                try:
                    trotline.wait_ready(0.2)
                    load.start()
                except AssertionError:
                    continue
            if load.threads[0].ident:
                wait_until(lambda load=load: not load.threads[0].is_alive() or not trotline.running(), 20)
                load.stop()
            first = load.next
            died = not trotline.running()
            if not died:
                died = trotline.stop() < 0
            killed += died
            trotline.wrap = []
            if load.acked:
                with Trotline(lab.config(), upstream=lab.upstream.url, directory=trotline.dir) as again:
                    recorded = lambda: orders_in(again.store)  # noqa: B023, E731
                    wait_until(lambda load=load, recorded=recorded: load.acked <= recorded(), 10,
                               lambda n=n, load=load, recorded=recorded: f"call {n}: lost {sorted(load.acked - recorded())}")
                    assert recorded() <= lab.done(), f"call {n}: invented {recorded() - lab.done()}"
                acked |= load.acked
            if not died:
                break
        else:
            pytest.fail("no run ended unharmed within 199 calls")
    finally:
        trotline.kill()
        shutil.rmtree(trotline.dir, ignore_errors=True)
    assert killed >= 10 and acked
