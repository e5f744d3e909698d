"""Subscriptions that an operator pauses, resumes and sends a test to, by name, whoever made them; through the admin API and on the store."""

import json
import os
import threading

import pytest
from cli import SECRET, said
from harness import Sink, Trotline, Upstream, free_port, request, response, trotline, wait_until
from management import admin_table, api_table, env_of
from management import ask as call
from test_admin import ask, error
from test_redeliver import config, listed, order, orders, subscription

ONE = "concurrency = 1\n"


def row(host, name="a"):
    found = trotline("subscriptions", "--json", "--store", host.store).stdout
    return next((line for line in map(json.loads, found.splitlines()) if line["name"] == name), None)


def pending(host):
    return len(listed(host.store, "deliveries", "--state", "pending"))


@pytest.mark.sanitized
def test_a_disabled_one_is_resumed_and_delivers(tmp_path):
    answer, held = {"status": 410}, threading.Event()
    with orders() as upstream, Sink(lambda _: held.wait(30) and answer["status"]) as sink, Sink() as other:
        text = config(tmp_path, subscription(tmp_path, "a", sink.url, ONE), subscription(tmp_path, "b", other.url), admin=free_port())
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            order(host, 3)
            wait_until(lambda: row(host)["pending"] == 3, 10, "three deliveries, the first of them on the wire")
            held.set()
            wait_until(lambda: row(host)["state"] == "disabled", 10, "that 410 disables it")
            order(host, 2)  # nobody makes deliveries of these
            other.wait(5)
            status = trotline("status", "--store", host.store)
            assert status.returncode == 1 and "trotline resume a" in status.stdout, status.stdout
            answer["status"] = 200
            resumed = said(trotline("resume", "a", "-c", host.config), 0)
            assert "a is active again (it was disabled: gone" in resumed and "go on: 2" in resumed, resumed
            sink.wait(3)
            assert "subscription a is resumed (it was disabled: gone: the endpoint answered 410) by the admin API" in host.logs()
            # What was missed is said, and how to get it.
            command = next(line.split(": ", 1)[1] for line in resumed.splitlines() if "trotline backfill" in line).split()
            assert command[:4] == ["trotline", "backfill", "--subscription", "a"]
            said(trotline(*command[1:], "--store", host.store), 0)
            sink.wait(5)
            host.reload()
            wait_until(lambda: "configuration reloaded" in host.logs(), 10, host.logs)
            order(host, 1)
            sink.wait(6)
            host.restart()
            order(host, 1)
            sink.wait(7)
            assert row(host)["state"] == "active" and row(host)["failures"] == 0
            assert "a is active already" in said(trotline("resume", "a", "-c", host.config), 0)


@pytest.mark.sanitized
def test_a_paused_one_waits_through_reload_and_restart(tmp_path):
    with orders() as upstream, Sink() as sink, Sink() as other:
        parts = [subscription(tmp_path, "a", sink.url), subscription(tmp_path, "b", other.url)]
        host = Trotline(config(tmp_path, *parts, admin=free_port()), upstream=upstream.url, directory=tmp_path)
        with host:
            order(host, 1)
            sink.wait(1)
            assert "a is paused" in said(trotline("pause", "a", "-c", host.config), 0)
            order(host, 2)
            other.wait(3)
            assert "paused already (paused by an operator)" in said(trotline("pause", "a", "--store", host.store), 0)
            host.configure(config(tmp_path, subscription(tmp_path, "a", sink.url, 'schedule = ["1s"]\n'), parts[1], admin=free_port()), upstream=upstream.url)
            host.reload()
            wait_until(lambda: "configuration reloaded" in host.logs(), 10, host.logs)
            order(host, 1)
            other.wait(4)
            host.restart()
            order(host, 1)
            other.wait(5)
            wait_until(lambda: pending(host) == 4, 10, "four that wait")
            assert len(sink.requests) == 1 and row(host)["state"] == "paused"
        # With no host it is written into the store, and holds from the next start on.
        assert "go on: 4" in said(trotline("resume", "a", "--store", host.store), 0)
        with host:
            sink.wait(5)
            wait_until(lambda: pending(host) == 0, 10, "that none waits")
            assert "backfill" not in said(trotline("resume", "a", "-c", host.config), 0)


@pytest.mark.sanitized
@pytest.mark.parametrize("topic", [None, "order.created"])
def test_a_test_goes_to_one_alone_and_verifies(tmp_path, topic):
    with orders() as upstream, Sink() as sink, Sink() as other:
        text = config(tmp_path, subscription(tmp_path, "a", sink.url), subscription(tmp_path, "b", other.url), admin=free_port())
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            wait_until(lambda: row(host), 10, "it")
            told = json.loads(said(trotline("send-test", "a", *(["--topic", topic] if topic else []), "--json", "-c", host.config), 0))
            sent, = sink.wait(1)
            assert sent.header("webhook-id") == told["delivery"] and told["topic"] == (topic or "trotline.test")
            body = json.loads(sent.body)
            assert body["type"] == told["topic"] and body["data"]["test"] is True and body["data"]["subscription"] == "a"
            headers = [option for name in ("webhook-id", "webhook-timestamp", "webhook-signature") for option in ("--header", f"{name}: {sent.header(name)}")]
            assert trotline("verify", "--secret-file", tmp_path / "secret", *headers, stdin=sent.body).returncode == 0
            assert trotline("verify", "--secret-file", tmp_path / "secret", *headers, stdin=sent.body + b" ").returncode == 1
            wait_until(lambda: [line["state"] for line in listed(host.store, "deliveries")] == ["delivered"], 10, "its outcome")
            assert other.requests == [] and "a gets a test" in host.logs()
            # Beside a host that is not asked, it is found in the store.
            assert "is on its way to a" in said(trotline("send-test", "a", "--store", host.store), 0)
            sink.wait(2)


@pytest.mark.sanitized
def test_what_cannot_be_done_says_why(tmp_path):
    port = free_port()
    with orders() as upstream, Sink() as sink:
        text = config(tmp_path, subscription(tmp_path, "a", sink.url), subscription(tmp_path, "p", sink.url, "paused = true\n"), admin=port)
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            wait_until(lambda: row(host), 10, "it")
            for path, body, status, word in [
                ("/pause", b"{}", 400, "which subscription"), ("/resume", b'{"subscription":"nobody"}', 404, "no subscription"),
                ("/resume", b'{"subscription":"a","topic":"x"}', 400, "topic"), ("/resume", b'{"subscription":"p"}', 409, "paused = true"),
                ("/send-test", b'{"subscription":"p"}', 409, "paused in the configuration"), ("/send-test", b'{"subscription":"a","topic":"order.*"}', 400, "one topic"),
            ]:
                assert word in error(ask(port, path, method="POST", body=body), status), body
            assert ask(port, "/pause").header("allow") == "POST"
            assert trotline("pause", "nobody", "-c", host.config).returncode == 1
            assert trotline("resume", "p", "-c", host.config).returncode == 1 == trotline("resume", "p", "--store", host.store).returncode
            missing = trotline("pause", "-c", host.config)
            assert missing.returncode == 2 and "name" in missing.stderr
            assert trotline("pause", "a", "--store", tmp_path / "none").returncode == 3


def test_one_that_an_api_made_is_steered_by_its_id(tmp_path):
    token, port = "write-key-of-north", free_port()
    text = admin_table(tmp_path, port) + api_table("north", "cosmic", {"k": (token, "read_write")}, "north", 'allow = ["127.0.0.1/32"]')
    text += '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'
    answer, known = {"status": 410}, {**os.environ, **env_of(token)}
    with Upstream(lambda _: response(201, '{"id":7}')) as upstream, Sink(lambda _: answer["status"]) as sink:
        with Trotline(text, upstream=upstream.url, directory=tmp_path, env=env_of(token)) as host:
            status, made, _ = call(host.port, "POST", "/v1/north/webhooks", {"event": "order.created", "endpoint": sink.url}, {"Authorization": token})
            assert status == 200, made
            name = f"north/{made['webhook']['id']}"
            order(host, 1)
            wait_until(lambda: row(host, name)["state"] == "disabled", 10, "that 410 disables it")
            order(host, 1)
            answer["status"] = 200
            assert "backfill" in said(trotline("resume", name, "-c", host.config, env=known), 0)
            order(host, 1)
            sink.wait(2)
            said(trotline("pause", name, "-c", host.config, env=known), 0)
            order(host, 2)
            wait_until(lambda: pending(host) == 2, 10, "two that wait")
            assert "nothing goes out" in trotline("send-test", name, "-c", host.config, env=known).stderr
            said(trotline("resume", name, "-c", host.config, env=known), 0)
            sink.wait(4)
            said(trotline("send-test", name, "-c", host.config, env=known), 0)
            sink.wait(5)


def test_the_secret_is_not_in_what_is_said(tmp_path):
    with orders() as upstream, Sink() as sink, Trotline(config(tmp_path, subscription(tmp_path, "a", sink.url)), upstream=upstream.url, directory=tmp_path) as host:
        wait_until(lambda: row(host), 10, "it")
        said(trotline("send-test", "a", "--store", host.store), 0)
        sink.wait(1)
        assert SECRET not in host.logs() and request(host.port, "GET", "/").status == 201
