"""What an operator does about deliveries: dead letters and their sending again, back-fill, cancelling; over the admin API and on the store."""

import collections
import json

from cli import SECRET, said
from harness import Sink, Trotline, Upstream, free_port, request, response, toml, trotline, wait_until
from test_admin import TOKEN, ask, error

HOOK = '\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'


def subscription(folder, name, url, more=""):
    return f'\n[[subscription]]\nname = "{name}"\ntopics = ["order.*"]\nurl = {toml(url)}\nsecret = {{ file = {toml(folder / "secret")} }}\n{more}'


def config(folder, *subscriptions, admin=None):
    (folder / "secret").write_text(SECRET)
    (folder / "token").write_text(TOKEN + "\n")
    listener = f'\n[admin]\nlisten = "127.0.0.1:{admin}"\ntoken_file = "token"\n' if admin else ""
    return '[egress]\nallow = ["127.0.0.1/32"]\n' + listener + HOOK + "".join(subscriptions)


def listed(where, *arguments):
    return [json.loads(line) for line in said(trotline(*arguments, "--json", "--limit", "100000", "--store", where), 0).splitlines()]


def tasks(where):
    return [json.loads(line) for line in said(trotline("tasks", "--json", "--store", where), 0).splitlines()]


def orders():
    numbers = iter(range(1, 1_000_000))
    return Upstream(lambda _: response(201, json.dumps({"id": next(numbers)})))


def order(host, count):
    for _ in range(count):
        assert request(host.port, "POST", "/orders", b"{}").status == 201


def test_a_dead_letter_says_why_and_goes_again_with_its_id_by_hand(tmp_path):
    answer = {"status": 400}
    with orders() as upstream, Sink(lambda _: (answer["status"], [], b"no such warehouse " + b"x" * 9000)) as sink:
        port = free_port()
        text = config(tmp_path, subscription(tmp_path, "a", sink.url, 'schedule = ["50ms", "50ms", "50ms"]\n'), admin=port)
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            order(host, 3)
            dead = wait_until(lambda: (found := listed(host.store, "deliveries", "--state", "dead")) and len(found) == 3 and found, 20, "dead letters")
            assert len(sink.requests) == 12  # each as often as the schedule says, and not once more
            for one in dead:
                assert (one["attempts"], one["status"], one["state"]) == (4, 400, "dead")
                assert one["answer"].startswith("no such warehouse") and len(one["answer"]) == 4096
            # A question first; then one of them, then all that are left.
            dry = trotline("redeliver", "--state", "dead", "--subscription", "a", "--dry-run", "-c", host.config)
            assert "3 deliveries" in said(dry, 0) and tasks(host.store) == []
            # One that is not mended: it fails, and is dead again at once, for the schedule has been used up.
            first = dead[0]["id"]
            assert "task 1" in said(trotline("redeliver", first, "-c", host.config), 0)
            wait_until(lambda: len(sink.requests) == 13, 10, "the attempt that was asked for")
            wait_until(lambda: next(d for d in listed(host.store, "deliveries") if d["id"] == first)["attempts"] == 5, 10, "its outcome")
            wait_until(lambda: len(listed(host.store, "deliveries", "--state", "dead")) == 3, 10, "three dead ones")
            answer["status"] = 200
            reply = ask(port, "/redeliver", method="POST", body=json.dumps({"topic": "order.*", "since": "1h"}).encode())
            assert reply.status == 202 and json.loads(reply.body)["kind"] == "redeliver", reply
            wait_until(lambda: len(listed(host.store, "deliveries", "--state", "delivered")) == 3, 10, "that all have arrived")
            assert collections.Counter(sent.header("webhook-id") for sent in sink.requests[13:]) == {one["id"]: 1 for one in dead}
            # Who asked is in the log.
            wait_until(lambda: "asked for by the admin API at 127.0.0.1" in host.logs() and "trotline (uid" in host.logs(), 5, host.logs)
            assert TOKEN not in host.logs()


def test_wrong_questions_get_answers_that_say_what_would_be_right(tmp_path):
    with orders() as upstream, Sink() as sink:
        port = free_port()
        text = config(tmp_path, subscription(tmp_path, "a", sink.url), admin=port)
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            for path, body, status, word in [
                ("/redeliver", b"", 400, "what to send again"), ("/redeliver", b"[]", 400, "object"), ("/redeliver", b"{", 400, "JSON"),
                ("/redeliver", b'{"sate":"dead"}', 400, "state"), ("/redeliver", b'{"state":"queued"}', 400, "cancelled"),
                ("/redeliver", b'{"delivery":"dlv_0000000000001"}', 404, "dlv_"), ("/redeliver", b'{"delivery":"evt_1"}', 400, "dlv_"),
                ("/redeliver", b'{"to":"a"}', 400, "since"), ("/redeliver", b'{"to":"b","since":"1h"}', 404, "no subscription"),
                ("/backfill", b'{"subscription":"a"}', 400, "since"), ("/backfill", b'{"since":"1h"}', 400, "subscription"),
                ("/backfill", b'{"subscription":"a","since":"yesterday"}', 400, "24h"), ("/cancel", b"{}", 400, "task"),
                ("/cancel", b'{"task":9}', 404, "no task 9"), ("/cancel", b'{"task":9,"topic":"x"}', 400, "either"),
            ]:
                assert word in error(ask(port, path, method="POST", body=body), status), body
            assert ask(port, "/redeliver", token="wrong", method="POST", body=b'{"state":"dead"}').status == 401
            assert ask(port, "/redeliver").header("allow") == "POST" and tasks(host.store) == []
            assert trotline("redeliver", "dlv_0000000000001", "-c", host.config).returncode == 1
            assert trotline("redeliver", "-c", host.config).returncode == 2
            done = trotline("backfill", "--subscription", "nobody", "--since", "1h", "--store", host.store)
            assert done.returncode == 1 and "no subscription" in done.stderr
        assert trotline("redeliver", "--state", "dead", "--store", tmp_path / "none").returncode == 3


def test_a_backfill_that_kill_9_interrupts_delivers_each_event_once(tmp_path):
    count = 3000
    with orders() as upstream, Sink() as old, Sink() as new:
        first = subscription(tmp_path, "old", old.url)
        text = config(tmp_path, first)
        host = Trotline(text, upstream=upstream.url, directory=tmp_path)
        with host:
            order(host, count)
            old.wait(count, 120)
            host.configure(config(tmp_path, first, subscription(tmp_path, "new", new.url)), upstream=upstream.url)
            host.reload()
            wait_until(lambda: any(line["name"] == "new" for line in map(json.loads, said(trotline("subscriptions", "--json", "--store", host.store), 0).splitlines())), 10, "it")
            # While it runs and while it does not: both ways the task is there.
            done = said(trotline("backfill", "--subscription", "new", "--since", "1h", "--store", host.store), 0)
            assert "task" in done
            for received in (300, 1100, 2000):
                new.wait(received, 60)
                host.kill()
                host.start()
            wait_until(lambda: tasks(host.store) == [], 60, "the task's end")
            wait_until(lambda: not listed(host.store, "deliveries", "--state", "pending"), 60, "the last outcome")
            made = collections.Counter(line["event"] for line in listed(host.store, "deliveries", "--subscription", "new"))
            assert len(made) == count and set(made.values()) == {1}
            ids = {sent.header("webhook-id") for sent in new.requests}
            assert len(ids) == count  # none lost, none invented; what a kill caught on the wire came twice with its id


def test_what_is_asked_while_no_host_runs_is_done_by_the_next(tmp_path):
    answer = {"status": 500}
    with orders() as upstream, Sink(lambda _: answer["status"]) as sink:
        text = config(tmp_path, subscription(tmp_path, "a", sink.url, "schedule = []\n"), admin=free_port())
        host = Trotline(text, upstream=upstream.url, directory=tmp_path)
        with host:
            order(host, 5)
            wait_until(lambda: len(listed(host.store, "deliveries", "--state", "dead")) == 5, 20, "dead letters")
        assert "task 1" in said(trotline("redeliver", "--state", "dead", "-c", host.config), 0)  # nobody listens: into the store
        task, = tasks(host.store)
        assert task["kind"] == "redeliver" and "user" in task["filter"]["by"]
        shown = trotline("status", "--store", host.store)
        assert "1 tasks" in shown.stdout
        answer["status"] = 200
        with host:
            wait_until(lambda: len(listed(host.store, "deliveries", "--state", "delivered")) == 5, 20, "that they arrive")
            assert tasks(host.store) == []
