"""Order, coalescing and batches over real sockets and real clocks: one subscription of each, as its receiver sees it."""

import base64
import json
import re

from harness import Sink, Trotline, Upstream, request, response, toml, trotline

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, really").decode()
JSON = {"Content-Type": "application/json"}
HOOK = '[egress]\nallow = ["127.0.0.1/32"]\n[[hook]]\ntopic = "invoice.changed"\nmatch = "PUT /invoices/{id}"\nid = "path:id"\n'


def echo(got):
    return response(200, got.body, JSON)


def subscription(sink, tmp_path, more):
    (tmp_path / "secret").write_text(SECRET)
    return (f'[[subscription]]\nname = "s"\ntopics = ["*"]\nurl = {toml(sink.url)}\nschedule = ["50ms", "50ms", "50ms"]\n'
            f"secret = {{ file = {toml(tmp_path / 'secret')} }}\n{more}\n")


def change(host, invoice, n):
    assert request(host.port, "PUT", f"/invoices/{invoice}", json.dumps({"n": n}).encode(), JSON).status == 200


def test_a_resources_changes_come_in_order_though_attempts_fail(tmp_path):
    with Upstream(echo) as upstream, Sink([500, 200, 503, 200]) as sink:
        with Trotline(HOOK + subscription(sink, tmp_path, 'order = "resource"\noptions = { sequence = true }'), upstream=upstream.url) as host:
            for n in range(1, 6):
                change(host, "a", n)
            seen = [(dict(got.headers)["trotline-sequence"], json.loads(got.body)) for got in sink.wait(7)]
    numbers = [int(sequence) for sequence, _ in seen]
    assert numbers == sorted(numbers) and set(numbers) == {1, 2, 3, 4, 5}
    assert all(body["data"]["n"] == int(sequence) == body["sequence"] for sequence, body in seen)


def test_a_storm_of_changes_is_one_delivery(tmp_path):
    with Upstream(echo) as upstream, Sink() as sink:
        with Trotline(HOOK + subscription(sink, tmp_path, 'coalesce = { quiet = "400ms" }'), upstream=upstream.url) as host:
            for n in range(1, 11):
                change(host, "a", n)
            status = trotline("status", "--store", host.store).stdout
            assert re.search(r"\(1 gathering, 0 queued\)", status), status
            got = sink.wait(1)[0]
            change(host, "a", 11)
            assert [json.loads(one.body)["data"]["n"] for one in sink.wait(2)] == [10, 11]
    assert json.loads(got.body)["subject"] == "invoice/a"


def test_a_batch_is_one_request_and_signed_as_one(tmp_path):
    with Upstream(echo) as upstream, Sink([500, 200]) as sink:
        with Trotline(HOOK + subscription(sink, tmp_path, 'batch = { most = 5, wait = "30s" }'), upstream=upstream.url) as host:
            for n in range(1, 6):
                change(host, str(n), n)
            first, second = sink.wait(2)
    assert first.body == second.body and dict(first.headers)["webhook-id"] == dict(second.headers)["webhook-id"]
    assert sorted(one["data"]["n"] for one in json.loads(first.body)) == [1, 2, 3, 4, 5]
    options = [word for name, value in second.headers for word in ("--header", f"{name}: {value}")]
    assert trotline("verify", "--format", "standard", "--secret-file", tmp_path / "secret", *options, stdin=second.body).returncode == 0


def test_batches_are_refused_where_the_format_has_none(tmp_path):
    (tmp_path / "t.toml").write_text(HOOK + '[[subscription]]\nname = "s"\ntopics = ["*"]\nurl = "https://x.example/"\nformat = "cockpit"\n'
                                     "batch = { most = 5 }\n")
    said = trotline("check", "-c", tmp_path / "t.toml")
    assert said.returncode == 1 and 'format "cockpit" sends one delivery in a request' in said.stdout + said.stderr
