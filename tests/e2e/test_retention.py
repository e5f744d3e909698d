"""Retention by size: a store that has grown beyond [store] retention_bytes loses its oldest finished events, and nothing that is owed."""

import contextlib
import json
import sqlite3

from cli import SECRET
from harness import Sink, Trotline, Upstream, request, response, toml, trotline, wait_steady, wait_until

LIMIT = 2 << 20
PAYLOAD = 16 << 10
ORDERS = 400   # more than three times the limit
ENTRIES = 20   # nobody takes them yet


def listed(host, *arguments):
    done = trotline(*arguments, "--json", "--oldest-first", "--limit", "100000", "--store", host.store)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(host, topic):
    return [event["resource_id"] for event in listed(host, "events", "--topic", topic)]


def pages(host):
    """Of the file, those that wait in the write-ahead log included."""
    with contextlib.closing(sqlite3.connect(f"file:{host.store}/trotline.db?mode=ro", uri=True)) as connection:
        return connection.execute("PRAGMA page_count").fetchone()[0]


def test_a_store_beyond_its_size_loses_its_oldest_finished_events_and_nothing_pending(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    numbers = iter(range(1, 10_000))

    def answer(_):
        return response(201, json.dumps({"id": next(numbers), "fill": "x" * PAYLOAD}))

    with Upstream(answer) as upstream, Sink() as sink:
        config = f"""
[store]
url = "sqlite:@STORE@"
retention_bytes = {LIMIT}
[egress]
allow = ["127.0.0.1/32"]
[[hook]]
topic = "entry.created"
match = "POST /entries"
id = "response:/id"
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[subscription]]
name = "later"
topics = ["entry.*"]
url = {toml(sink.url)}
secret = {{ file = {toml(tmp_path / "secret")} }}
paused = true
[[subscription]]
name = "now"
topics = ["order.*"]
url = {toml(sink.url)}
secret = {{ file = {toml(tmp_path / "secret")} }}
"""
        with Trotline(config, upstream=upstream.url, directory=tmp_path) as host:
            for _ in range(ENTRIES):  # the oldest of all
                assert request(host.port, "POST", "/entries", b"{}").status == 201
            entries = ids(host, "entry.*")
            for _ in range(ORDERS):
                assert request(host.port, "POST", "/orders", b"{}").status == 201
            sink.wait(ORDERS, 60)
            orders = [str(number) for number in range(ENTRIES + 1, ENTRIES + ORDERS + 1)]
            wait_until(lambda: len(ids(host, "order.*")) < ORDERS, 30, "events that go because of the size")
            wait_steady(lambda: len(ids(host, "order.*")), still=12, deadline=90)  # longer than it rests between two looks, also on a busy machine
            left = ids(host, "order.*")
            # What is left are the newest, and about as many as have room: not a store full, and not a store emptied.
            assert left == orders[-len(left):]
            assert LIMIT * 0.5 < len(left) * PAYLOAD < LIMIT * 1.1, len(left)
            assert ids(host, "entry.*") == entries and len(entries) == ENTRIES
            assert len(listed(host, "deliveries", "--state", "pending")) == ENTRIES
            assert {delivery["event"] for delivery in listed(host, "deliveries")} == {event["id"] for event in listed(host, "events")}
            # The file stays as large as it was; that alone is no reason to take more after a restart.
            assert (host.store / "trotline.db").stat().st_size > 2 * LIMIT
            host.restart()
            wait_steady(lambda: len(ids(host, "order.*")), still=12, deadline=90)
            assert len(ids(host, "order.*")) >= len(left) - 3
            # The freed room is used again: new events do not make the file grow.
            before = pages(host)
            for _ in range(50):
                assert request(host.port, "POST", "/orders", b"{}").status == 201
            sink.wait(ORDERS + 50, 60)
            wait_until(lambda: len(ids(host, "order.*")) >= 50, 10, "the new ones")
            assert pages(host) <= before * 1.02
            # Who was paused still gets all of it.
            host.config.write_text(host.config.read_text().replace("paused = true", ""))
            host.reload()
            sink.wait(ORDERS + 50 + ENTRIES, 30)
