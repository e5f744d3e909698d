"""The command line and the record: lists of what a running host has recorded and delivered, and its health in one screen."""

import json
import subprocess

import pytest
from cli import HOOKS, SECRET, said
from harness import BINARY, Sink, Trotline, Upstream, request, response, toml, trotline, wait_until


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A host that has recorded and delivered two orders; one more waits for a receiver that says no."""
    folder = tmp_path_factory.mktemp("line")
    (folder / "secret").write_text(SECRET)
    numbers = iter(range(1, 100))

    def answer(asked):
        return response(201, json.dumps({"id": next(numbers)}), {"Content-Type": "application/json"}) if asked.method == "POST" else response(200)
    with Upstream(answer) as upstream, Sink() as sink, Sink([503]) as sick:
        config = f"""
[egress]
allow = ["127.0.0.1/32"]
{HOOKS}
[[subscription]]
name = "well"
topics = ["order.*"]
url = {toml(sink.url)}
secret = {{ file = {toml(folder / "secret")} }}
[[subscription]]
name = "sick"
topics = ["order.created"]
url = {toml(sick.url)}
secret = {{ file = {toml(folder / "secret")} }}
"""
        with Trotline(config, upstream=upstream.url) as host:
            for _ in range(2):
                assert request(host.port, "POST", "/orders", b"{}").status == 201
            sink.wait(2)
            sick.wait(2)
            wait_until(lambda: len(listed(host, "attempts")) >= 4, 20, "attempts in the store")
            yield host


def listed(host, *arguments):
    return [json.loads(text) for text in said(trotline(*arguments, "--json", "--store", host.store), 0).splitlines()]


def test_events(line):
    newest, oldest = listed(line, "events")
    assert (newest["resource_id"], oldest["resource_id"], newest["topic"]) == ("2", "1", "order.created")
    assert listed(line, "events", "--oldest-first", "--limit", "1") == [oldest]
    assert listed(line, "events", "--after", oldest["id"]) == [newest]
    assert listed(line, "events", "--topic", "invoice.*") == []
    assert listed(line, "events", newest["id"])[0]["payload"] == {"id": 2}
    table = said(trotline("events", "-c", line.config), 0).splitlines()
    assert table[0].split()[:3] == ["EVENT", "AT", "TOPIC"] and len(table) == 3 and newest["id"] in table[1]
    assert "order.created" in said(trotline("events", newest["id"], "--store", line.store), 0)
    assert trotline("events", "evt_0000000000000", "--store", line.store).returncode == 1
    assert trotline("events", "nonsense", "--store", line.store).returncode == 2


def test_deliveries_and_attempts(line):
    done = listed(line, "deliveries", "--state", "delivered")
    assert [delivery["subscription"] for delivery in done] == ["well", "well"] and done[0]["attempts"] == 1
    waiting = listed(line, "deliveries", "--subscription", "sick")
    assert {delivery["state"] for delivery in waiting} == {"pending"}
    assert len(listed(line, "deliveries", "--event", done[0]["event"])) == 2
    tries = listed(line, "attempts", "--delivery", waiting[0]["id"])
    assert tries and {attempt["status"] for attempt in tries} == {503}
    assert said(trotline("deliveries", "--store", line.store), 0).splitlines()[0].startswith("DELIVERY")
    assert "503" in said(trotline("attempts", "--store", line.store), 0)


def test_subscriptions(line):
    rows = {row["name"]: row for row in listed(line, "subscriptions")}
    assert rows["well"]["delivered"] == 2 and rows["sick"]["pending"] == 2
    assert "well" in said(trotline("subscriptions", "--store", line.store), 0)


def test_follow_goes_on_with_what_comes(line, tmp_path):
    out = tmp_path / "follow.jsonl"
    with out.open("wb") as file:
        child = subprocess.Popen([BINARY, "events", "--follow", "--json", "--limit", "1", "--store", line.store], stdout=file)
    try:
        wait_until(lambda: out.read_text().count("\n") >= 1, 10, "the newest event")
        before = json.loads(out.read_text().splitlines()[-1])
        assert request(line.port, "POST", "/orders", b"{}").status == 201
        wait_until(lambda: out.read_text().count("\n") >= 2, 10, "the event that came")
        after = json.loads(out.read_text().splitlines()[-1])
        assert int(after["resource_id"]) == int(before["resource_id"]) + 1
    finally:
        child.terminate()
        child.wait()


def test_status(line):
    def healthy():
        done = trotline("status", "--json", "--store", line.store)
        return done.returncode == 0 and json.loads(done.stdout)
    picture = wait_until(healthy, 15, "a host that says it is well")
    assert picture["troubles"] == [] and picture["store"]["events"] >= 2
    assert [host["pid"] for host in picture["hosts"]] == [line.pid]
    assert {row["name"] for row in picture["subscriptions"]} == {"well", "sick"}
    screen = said(trotline("status", "-c", line.config), 0)
    assert "standalone" in screen and "leader" in screen and screen.endswith("all is well\n")


def test_status_of_a_store_without_a_host_is_1(tmp_path):
    with Upstream() as upstream, Trotline(HOOKS, upstream=upstream.url, directory=tmp_path) as host:
        assert request(host.port, "GET", "/").status == 200
        assert host.stop() == 0
        done = trotline("status", "--store", host.store)
        assert "no host runs" in said(done, 1)
