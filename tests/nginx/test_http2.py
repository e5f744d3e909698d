"""HTTP/2 clients: many streams on one connection, held and let go each by itself; who cancels one disturbs no other."""

import os

import pytest
from h2 import H2
from harness import Upstream, response, wait_until

pytestmark = pytest.mark.sanitized


def ready(client):
    """Past the exchange of settings, so that the next bytes are an answer's."""
    assert b"read" in client.wait(client.ask("GET", "/carts"))
    return client


def test_streams_are_held_and_multiplexed(site, shop):
    with site(upstream=shop, h2=True) as host, H2(host.port2) as client:
        ready(client)
        with host.locked():
            streams = [client.ask("PUT", f"/orders/{n}", b"{}") for n in range(50)]
            wait_until(lambda: len(shop.requests) == 51, what="the upstream's requests")
            assert client.silent()
            assert b"read" in client.wait(client.ask("GET", "/carts"))
            assert not client.ended & set(streams)
        client.wait(*streams)
        assert all(b"201" in client.answers[stream] and b"new" in client.answers[stream] for stream in streams) and not client.reset
        client.close()
        assert sorted(int(event["resource_id"]) for event in host.recorded()) == list(range(50))
        assert not host.alarms()


def test_a_stream_cancelled_during_the_hold_keeps_its_event(site, shop):
    with site(upstream=shop, h2=True) as host, H2(host.port2) as client:
        ready(client)
        with host.locked():
            streams = [client.ask("PUT", f"/orders/{n}", b"{}") for n in range(10)]
            wait_until(lambda: len(shop.requests) == 11, what="the upstream's requests")
            assert client.silent(0.1)
            for stream in streams[::2]:
                client.cancel(stream)
            assert b"read" in client.wait(client.ask("GET", "/carts"))
        client.wait(*streams[1::2])
        assert not set(streams[::2]) & client.ended
        client.close()
        assert sorted(int(event["resource_id"]) for event in host.recorded()) == list(range(10))
        assert not host.alarms()


def test_a_connection_that_ends_during_the_hold_keeps_its_events(site, shop):
    with site(upstream=shop, h2=True) as host:
        with H2(host.port2) as client, host.locked():
            for n in range(10):
                client.ask("PUT", f"/orders/{n}", b"{}")
            wait_until(lambda: len(shop.requests) == 10, what="the upstream's requests")
            client.close()
        assert sorted(int(event["resource_id"]) for event in host.recorded()) == list(range(10))
        assert not host.alarms()


def test_deletes_without_a_body(site, shop):
    with site(upstream=shop, h2=True) as host, H2(host.port2) as client:
        ready(client)
        with host.locked():
            stream = client.ask("DELETE", "/orders/4")
            assert client.silent()
        assert client.wait(stream)[:1] == b"\x89"  # :status 204, of the static table
        client.close()
        event, = host.recorded()
        assert (event["resource_id"], event["status"]) == ("4", 204)


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_an_upstream_that_dies_in_the_middle_resets_the_stream_only(site, buffering):
    def answer(got):
        half = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n" + b"h" * 50
        return (half, "close") if got.method == "POST" else response(200, b"read")

    server = f"location / {{ proxy_pass http://@UPSTREAM@; proxy_buffering {buffering}; }}"
    with Upstream(answer) as upstream, site(server, upstream=upstream, h2=True) as host, H2(host.port2) as client:
        for _ in range(3):
            stream = client.ask("POST", "/orders", b"{}")
            client.wait(stream)
            assert stream in client.reset
            assert b"read" in client.wait(client.ask("GET", "/carts"))
        client.close()
        events = host.recorded()
        assert len(events) == 3 and all(event["flags"] & 1 for event in events) and not host.alarms()


def test_large_answers_side_by_side(site):
    body = os.urandom(3_000_000)
    with Upstream(lambda _: response(201, body)) as upstream, site(upstream=upstream, h2=True) as host, H2(host.port2, 30) as client:
        streams = [client.ask("POST", "/orders", b"{}") for _ in range(4)]
        for stream in streams:
            client.grant(stream, 1 << 30)
        client.wait(*streams)
        assert all(client.answers[stream].endswith(body) for stream in streams)
        client.close()
        assert len(host.recorded()) == 4
