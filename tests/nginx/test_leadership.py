"""Deliveries: whatever number of workers records, one of them delivers, and another one when that one goes."""

import json
import os

import pytest
from harness import Client, Sink, request, toml, wait_until
from ngx import HOOKS
from shopping import JSON, post

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def delivering(sink, **more):
    subscription = {"name": "all", "topics": ["order.*"], "url": sink.url, "secret": SECRET, **more}
    keys = "".join(f"{key} = {toml(value)}\n" for key, value in subscription.items())
    return HOOKS + '\n[egress]\nallow = ["127.0.0.1/32"]\n\n[[subscription]]\n' + keys


def ids(sink):
    return sorted(json.loads(each.body)["data"]["id"] for each in sink.requests)


def arrived(sink, n):
    """Not how many: an attempt whose outcome died with its worker is made again."""
    wait_until(lambda: n in ids(sink), 10, f"the delivery of order {n}")


def order(host, n):
    assert request(host.port, "POST", "/orders", b'{"id":%d}' % n, JSON).status == 201


def test_each_event_is_delivered_once(site, shop, sink):
    with site(upstream=shop, config=delivering(sink)) as host:
        for n in range(40):
            order(host, n)
        sink.wait(40, 20)
        host.quit()
        assert ids(sink) == list(range(40))
        assert len({each.header("webhook-id") for each in sink.requests}) == 40
        assert not host.alarms()


def test_a_delivery_comes_soon_after_its_answer(site, shop, sink):
    """Also when another worker than the leader recorded it."""
    with site(upstream=shop, config=delivering(sink)) as host:
        for n in range(6):
            order(host, n)
            sink.wait(n + 1, 3)


@pytest.mark.parametrize("how", ["reload", "kill"])
def test_another_generation_takes_the_lead(site, shop, sink, how):
    with site(upstream=shop, config=delivering(sink)) as host:
        for n in range(6):
            order(host, n)
            arrived(sink, n)
            if how == "reload":
                host.reload()
            else:
                host.kill_workers()
                wait_until(lambda: len(host.workers()) == host.count and host.opened(), 20, "successors")
        order(host, 6)
        arrived(sink, 6)
        host.quit()
        assert sorted(set(ids(sink))) == list(range(7)) and (how == "kill" or len(sink.requests) == 7)


def test_a_worker_that_dies_leaves_the_lead_to_the_other(shop, sink, site):
    with site(upstream=shop, config=delivering(sink)) as host:
        for n in range(6):
            host.kill_worker()
            wait_until(lambda: len(host.workers()) == host.count and host.opened(), 20, "a successor")
            order(host, n)
            arrived(sink, n)
        host.quit()
        assert sorted(set(ids(sink))) == list(range(6))


def test_an_old_worker_with_a_client_gives_the_lead_up(site, shop, sink):
    """A download that goes on for hours must not keep the lead in a process of the old configuration."""
    server = """location / { proxy_pass http://@UPSTREAM@; }
                location /large { root @DIR@; }"""
    with site(server, upstream=shop, config=delivering(sink)) as host, Client(host.port) as client:
        with open(host.dir / "large", "wb") as file:
            file.truncate(100_000_000)
        os.chmod(host.dir / "large", 0o644)
        order(host, 1)
        sink.wait(1)
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.stream.fill()
        with Sink() as other:
            host.configure(delivering(other))
            host.reload()
            assert host.shutting_down()
            order(host, 2)
            other.wait(1)
            assert len(sink.requests) == 1
        client.close()


def test_what_could_not_be_delivered_waits_for_the_next_start(site, shop):
    with Sink([503]) as sink:
        with site(upstream=shop, config=delivering(sink, schedule=["1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"])) as host:
            order(host, 1)
            sink.wait(1)
            host.quit()
            seen = len(sink.requests)
            sink.script = [200]
            host.start()
            sink.wait(seen + 1, 20)
            assert len({each.header("webhook-id") for each in sink.requests}) == 1


def test_a_silent_receiver_does_not_delay_the_end(site, shop):
    """A receiver that never answers does not delay the end of a worker."""
    with Sink([lambda _: None]) as sink, site(upstream=shop, config=delivering(sink)) as host, Client(host.port) as client:
        assert client.send(post(1)).reply().status == 201
        sink.wait(1)
        host.stop(3.16)
        assert not [line for line in host.alarms() if "open socket" not in line]
