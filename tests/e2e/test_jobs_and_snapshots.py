"""What one exchange leaves for a later one, in the real host: jobs and snapshots survive whatever the process does not.

The control: with guarantee = "async" and linger = "1s" the two that kill -9 fail.
"""

import contextlib
import json
import sqlite3
import time

from harness import Trotline, Upstream, request, response, trotline, wait_until

CONFIG = """
dialects = ["datocms"]
[store]
url = "sqlite:@STORE@"
job_timeout = "@TIMEOUT@"
"""

UPLOAD = {"data": {"type": "upload", "id": "88"}}


def dato(asked):
    """As DatoCMS answers: an upload is a job, a record is changed at once."""
    if asked.method == "POST":
        return response(202, json.dumps({"data": {"type": "job", "id": asked.target.partition("job=")[2]}}))
    if asked.method == "GET":
        result = {"data": {"type": "job_result", "id": asked.target.rpartition("/")[2], "attributes": {"status": 201, "payload": UPLOAD}}}
        return response(200, json.dumps(result))
    return response(200, json.dumps({"data": {"type": "item", "id": "7", "attributes": json.loads(asked.body), "meta": {"status": "draft"}}}))


@contextlib.contextmanager
def host(timeout="24h"):
    with Upstream(dato) as upstream, Trotline(CONFIG.replace("@TIMEOUT@", timeout), upstream=upstream.url) as running:
        yield running


@contextlib.contextmanager
def locked(running):
    """No commit of the store's comes through; it has been opened before."""
    wait_until(lambda: "delivers for the store" in running.logs(), 10, "the store to be open")
    lock = sqlite3.connect(f"{running.store}/trotline.db", isolation_level=None, timeout=10)
    try:
        lock.execute("BEGIN IMMEDIATE")
        yield
    finally:
        lock.close()


def rows(running, sql):
    with contextlib.closing(sqlite3.connect(f"file:{running.store}/trotline.db?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def topics(running):
    return [topic for (topic,) in rows(running, "SELECT topic FROM events ORDER BY number")]


def counters(running):
    (status,) = running.store.glob("status-*.json")
    return json.loads(status.read_text())["counters"]


def test_a_job_outlives_kill_9_between_its_two_exchanges():
    with host() as running:
        for number in range(20):
            assert request(running.port, "POST", f"/uploads?job=j{number}", b"{}").status == 202
            running.kill()
            running.start()
            assert request(running.port, "GET", f"/job-results/j{number}").status == 200
            assert len(topics(running)) == number + 1  # before the answer was there
        assert set(topics(running)) == {"upload.create"}
        assert rows(running, "SELECT count(*) FROM jobs") == [(0,)]


def test_a_result_is_told_once():
    with host() as running:
        request(running.port, "POST", "/uploads?job=j1", b"{}")
        for _ in range(3):
            request(running.port, "GET", "/job-results/j1")
        assert topics(running) == ["upload.create"]
        wait_until(lambda: counters(running)["jobs_resolved"] == 1 and counters(running)["jobs"] == 1, 5, "the counters")


def test_status_shows_jobs_that_wait():
    with host() as running:
        request(running.port, "POST", "/uploads?job=j1", b"{}")
        shown = trotline("status", "--store", running.store)
        assert "1 jobs without a result" in shown.stdout
        request(running.port, "GET", "/job-results/j1")
        assert "without a result" not in trotline("status", "--store", running.store).stdout


def test_a_job_without_a_result_is_given_up_and_said():
    with host("1s") as running:
        assert request(running.port, "POST", "/uploads?token=secret&job=j1", b"{}").status == 202
        wait_until(lambda: "job_unresolved" in running.logs(), 30, "the log line")
        line = next(line for line in running.logs().splitlines() if "job_unresolved" in line)
        assert "POST /uploads" in line and "secret" not in line
        wait_until(lambda: counters(running)["jobs_unresolved"] == 1, 5, "the counter")
        assert topics(running) == [] and rows(running, "SELECT count(*) FROM jobs") == [(0,)]


def test_a_job_that_was_spilled_finds_the_result_that_came_before_it():
    """The store is locked while the upload is answered: it goes by the spill file, and the result may be in the store before it."""
    with host() as running:
        with locked(running):
            assert request(running.port, "POST", "/uploads?job=j1", b"{}", timeout=20).status == 202
            wait_until(lambda: counters(running)["spilled"] == 1, 20, "the upload to be spilled")
        assert request(running.port, "GET", "/job-results/j1", timeout=20).status == 200
        wait_until(lambda: topics(running) == ["upload.create"], 30, "the event")


def test_a_record_is_known_as_it_was_also_after_a_restart():
    with host() as running:
        request(running.port, "PUT", "/items/7", b'{"title":"one"}')
        running.kill()
        running.start()
        request(running.port, "PUT", "/items/7", b'{"title":"two"}')
        before = [json.loads(row[0])["attributes"]["title"] if row[0] else None
                  for row in rows(running, "SELECT previous FROM events ORDER BY number")]
        assert before == [None, "one"]


def test_snapshots_go_when_there_is_no_room_for_them():
    with Upstream(dato) as upstream, Trotline(CONFIG.replace("@TIMEOUT@", '24h"\nsnapshot_bytes = 0 #'), upstream=upstream.url) as running:
        request(running.port, "PUT", "/items/7", b'{"title":"one"}')
        assert rows(running, "SELECT count(*) FROM snapshots") == [(1,)]
        wait_until(lambda: rows(running, "SELECT count(*) FROM snapshots") == [(0,)], 30, "the snapshot to go")
        assert rows(running, "SELECT value FROM meta WHERE key = 'snapshot_bytes'") == [(0,)]
        assert topics(running) == ["item.update"]


def test_a_read_that_is_only_learnt_from_is_not_held():
    """The store is locked for a moment: a change waits for it, a reader does not."""
    config = CONFIG.replace("@TIMEOUT@", "1h") + "[dialect.datocms]\nlearn_from_reads = true\n"
    item = {"data": {"type": "item", "id": "7", "attributes": {"title": "zero"}, "meta": {"status": "draft"}}}

    def answer(asked):
        return response(200, json.dumps(item)) if asked.method == "GET" else dato(asked)

    with Upstream(answer) as upstream, Trotline(config, upstream=upstream.url) as running:
        with locked(running):
            began = time.monotonic()
            request(running.port, "PUT", "/items/8", b'{"title":"held"}', timeout=20)
            held = time.monotonic() - began
        wait_until(lambda: len(topics(running)) == 1, 20, "the store to be well again")
        with locked(running):
            began = time.monotonic()
            assert request(running.port, "GET", "/items/7").status == 200
            assert time.monotonic() - began < held / 2
        wait_until(lambda: rows(running, "SELECT count(*) FROM snapshots") == [(2,)], 20, "the snapshot")
        request(running.port, "PUT", "/items/7", b'{"title":"one"}')
        before = rows(running, "SELECT previous FROM events ORDER BY number DESC LIMIT 1")[0][0]
        assert json.loads(before)["attributes"]["title"] == "zero"
