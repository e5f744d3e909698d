"""Filters and shapes through the real host: what each receiver gets of an order, claims and who may fetch them, programs that run away, and
how mistakes are told."""

import json

import pytest
from harness import Sink, Trotline, Upstream, request, response, toml, trotline, wait_until

pytestmark = pytest.mark.sanitized

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDER = {"id": 7, "status": "paid", "total": "120.50", "customer": {"email": "a@b.example", "name": "Ann"}}
HOOK = """
[[hook]]
topic = "order.created"
match = "POST /orders"
resource = "order"
id = "response:/id"
payload = "response:"

[egress]
allow = ["127.0.0.1/32"]
"""


def shop():
    return Upstream(lambda got: response(201, json.dumps(ORDER), [("Content-Type", "application/json")]))


def subscription(name, sink, keys):
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f'[[subscription]]\nname = "{name}"\ntopics = ["*"]\nurl = {toml(sink.url)}\nsecret = "{SECRET}"\n{lines}'


def order(host):
    assert request(host.port, "POST", "/orders", b"{}").status == 201


def data(delivery):
    return json.loads(delivery.body)["data"]


def dead(host):
    return [json.loads(line) for line in trotline("deliveries", "--store", host.store, "--state", "dead", "--json").stdout.splitlines()]


def test_each_receiver_gets_what_it_may_know():
    with shop() as app, Sink() as whole, Sink() as less, Sink() as made, Sink() as none:
        config = (HOOK + subscription("whole", whole, {"when": '{ "/status" = "paid", "/total" = { above = 100 } }'})
                  + subscription("less", less, {"drop": '["/customer/email"]', "hash": '["/customer/name"]', "hash_key": '"0123456789abcdef"'})
                  + subscription("made", made, {"filter": "'.total | tonumber > 100'", "transform": "'{order: .id, via: $event.topic}'"})
                  + subscription("none", none, {"when": '{ "/status" = { not = "paid" } }'}))
        with Trotline(config, upstream=app.url) as host:
            order(host)
            assert data(whole.wait(1)[0]) == ORDER
            got = data(less.wait(1)[0])
            assert list(got["customer"]) == ["name"] and len(got["customer"]["name"]) == 64 and got["total"] == "120.50"
            assert data(made.wait(1)[0]) == {"order": 7, "via": "order.created"}
            assert not none.requests


def test_a_claim_is_fetched_by_who_has_its_url_and_nobody_else():
    with shop() as app, Sink(script=[500, 200]) as sink:
        keys = {"payload": '"claim"', "public_url": '"http://127.0.0.1:@PORT@"', "drop": '["/customer"]', "schedule": '["300ms"]'}
        with Trotline(HOOK + subscription("claims", sink, keys), upstream=app.url) as host:
            order(host)
            first, second = sink.wait(2)
            assert first.body == second.body
            claim = data(first)
            assert (claim["id"], claim["type"]) == ("7", "order")
            path = claim["url"].removeprefix(host.base)
            got = request(host.port, "GET", path)
            assert got.status == 200 and json.loads(got.body) == {key: ORDER[key] for key in ("id", "status", "total")}
            assert got.header("cache-control") == "no-store"
            asked = len(app.requests)
            for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), path + "x", path.rsplit("/", 1)[0] + "/", "/trotline/claims/x"):
                assert request(host.port, "GET", wrong).status == 404, wrong
            assert request(host.port, "POST", path).status == 405
            assert len(app.requests) == asked  # none of it is the application's


def test_a_program_that_runs_away_harms_nobody_and_is_told():
    with shop() as app, Sink() as good, Sink() as bad:
        config = HOOK + subscription("bad", bad, {"transform": "'def f: f; f'"}) + subscription("good", good, {"transform": "'{id}'"})
        with Trotline(config, upstream=app.url) as host:
            for _ in range(3):
                order(host)
            assert [data(each) for each in good.wait(3, 30)] == [{"id": 7}] * 3
            wait_until(lambda: len(dead(host)) == 3, 30, lambda: dead(host))
            assert not bad.requests
            assert "processor time" in json.dumps(dead(host))
            assert 'for "bad" is not sent' in host.logs()
            assert "a@b.example" not in host.logs()


def test_check_tells_what_is_wrong_with_a_program(tmp_path):
    file = tmp_path / "t.toml"
    file.write_text(f'[store]\nurl = "sqlite:{tmp_path}/store"\n[[subscription]]\nname = "a"\ntopics = ["*"]\nurl = "https://a.example/"\n'
                    f'secret = "{SECRET}"\nfilter = ".a | nope(1)"\ntransform = "{{at: now}}"\n')
    said = trotline("check", "-c", file)
    text = said.stdout + said.stderr
    assert said.returncode == 1
    assert f"{file}:8:10: the jq program of 'filter' is wrong: it is no jq program: nope/1 is not defined at its line 1" in text
    assert f"{file}:9:13: the jq program of 'transform' is wrong: at its line 1, column 6: now cannot be used here" in text
