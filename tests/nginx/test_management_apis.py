"""The systems' management APIs inside of nginx: what one worker makes holds for the next exchange on every worker, and outlives all of them."""

import json
import time

import pytest
from harness import Client, request, toml, wait_until
from ngx import HOOKS, Nginx
from shopping import JSON

KEY = "a-write-key-of-the-bucket"
SERVER = """location / { proxy_pass http://@UPSTREAM@; }
            location /v1/ { trotline_manage; }"""
CONFIG = HOOKS + f"""
[egress]
allow = ["127.0.0.1/32"]

[[api]]
name = "bucket"
dialect = "cosmic"
tenant = "shop"
allow = ["127.0.0.1/32"]
[[api.key]]
secret = {toml(KEY)}
"""


def ask(host, method, path="", body=None):
    text = json.dumps({"write_key": KEY, **(body or {})}).encode()
    reply = request(host.port, method, f"/v1/shop/webhooks{path}", text, JSON)
    return reply.status, json.loads(reply.body)


def made(host, url, event="order.created"):
    status, answer = ask(host, "POST", body={"event": event, "endpoint": url})
    assert status == 200, answer
    return answer["webhook"]["id"]


def listed(host):
    reply = request(host.port, "GET", "/v1/shop/webhooks", headers=[("Authorization", KEY)])
    assert reply.status == 200, reply
    return {one["id"] for one in json.loads(reply.body)["webhooks"]}


def order(host, n):
    assert request(host.port, "POST", "/orders", b'{"id":%d}' % n, JSON).status == 201


def told(sink):
    return [json.loads(one.body)["data"]["id"] for one in sink.requests]


@pytest.mark.sanitized
def test_what_any_worker_makes_holds_for_the_next_order_on_every_worker(site, shop, sink):
    """Each on a connection of its own: nginx deals them out to its workers."""
    with site(SERVER, upstream=shop, config=CONFIG) as host:
        expected = []
        for n in range(0, 60, 2):
            webhook = made(host, sink.url)
            order(host, n)
            expected.append(n)
            # Removed, its waiting deliveries would go with it.
            wait_until(lambda: n in told(sink), 10, f"the delivery of order {n}")
            assert ask(host, "DELETE", f"/{webhook}") == (200, {"status": "200", "message": "Webhook deleted."})
            order(host, n + 1)
        host.quit()
        assert told(sink) == expected and not host.alarms()


def test_acked_means_recorded_for_subscriptions(shop, sink, site):
    with site(SERVER, upstream=shop, config=CONFIG) as host:
        acknowledged = set()
        for _ in range(20):
            acknowledged.add(made(host, sink.url))
            host.kill_worker()
            wait_until(lambda: len(host.workers()) == host.count and host.opened(), 20, "a successor")
        assert listed(host) == acknowledged
        order(host, 7)
        wait_until(lambda: len(sink.requests) >= 20, 20, "a delivery for each")
        host.quit()
        assert set(told(sink)) == {7}


def test_they_live_as_long_as_their_api_is_configured(shop, sink):
    with Nginx(SERVER, upstream=shop, config=CONFIG, workers=2) as host:
        webhook = made(host, sink.url)
        order(host, 1)
        sink.wait(1)
        whole = host.toml.read_text()
        host.toml.write_text(whole[:whole.index("[[api]]")])
        host.reload()
        order(host, 2)
        assert request(host.port, "GET", "/v1/shop/webhooks", headers=[("Authorization", KEY)]).status == 401  # the admin pages' answer
        time.sleep(0.5)  # an absence cannot be waited for otherwise
        assert told(sink) == [1]
        host.toml.write_text(whole)
        host.reload()
        assert listed(host) == {webhook}
        order(host, 3)
        wait_until(lambda: 3 in told(sink), 10, "the delivery of order 3")


def test_a_slow_management_request_keeps_nobody_waiting(site, shop):
    """A name that takes seconds to resolve is asked for on the errands' thread, not on the loop."""
    with site(SERVER, upstream=shop, config=CONFIG) as host, Client(host.port) as slow:
        body = json.dumps({"write_key": KEY, "event": "order.created", "endpoint": "http://no-such-name.invalid/"}).encode()
        slow.send(b"POST /v1/shop/webhooks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        for n in range(10):
            order(host, n)
        assert slow.reply("POST").status == 200


def test_the_body_may_be_in_a_file(site, shop):
    """Larger than client_body_buffer_size: nginx hands it over on disk. Over 1 MiB it is the API that refuses it."""
    with site(SERVER, upstream=shop, config=CONFIG, http="client_max_body_size 8m;") as host:
        assert ask(host, "POST", body={"event": "order.created", "endpoint": "https://a.example/", "note": "x" * 50_000})[0] == 200
        status, answer = ask(host, "POST", body={"event": "order.created", "endpoint": "https://a.example/", "note": "x" * 1_100_000})
        assert status == 413 and answer["status"] == 413
        assert len(listed(host)) == 1
