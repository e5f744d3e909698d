"""Variables for log_format: which events an exchange made, and what it waited."""

import json
import re

from harness import Client, Upstream, request, response, trotline
from shopping import nothing_comes, post


def test_a_held_exchange(site, shop):
    wait = 0.25
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(1))
            assert nothing_comes(client, wait)
        assert client.reply().status == 201
        line, = host.access()
        assert re.fullmatch(r"evt_\w+", line["events"]) and line["topics"] == "order.created"
        # It begins with the answer, which comes a moment after the request: longer on a busy machine.
        assert re.fullmatch(r"\d+\.\d{3}", line["hold"]) and wait / 2 <= float(line["hold"]) < 5


def test_the_id_is_the_events(site, shop):
    with site(upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        listed = trotline("events", "--store", host.store, "--json")
        event = json.loads(listed.stdout)
        line, = host.access()
        assert line["events"] in event.values(), event


def test_several_events(site):
    config = '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nitems = "response:/orders"\nid = "item:/id"\npayload = "item:"\n'
    raw = response(200, b'{"orders":[{"id":1},{"id":2}]}', [("Content-Type", "application/json")])
    with Upstream(lambda _: raw) as upstream, site(upstream=upstream, config=config) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 200
        line, = host.access()
        assert re.fullmatch(r"evt_\w+,evt_\w+", line["events"]) and line["topics"] in ("order.created,order.created", "order.created")


def test_nothing_is_a_dash(site, shop):
    with site(upstream=shop) as host:
        for path in ("/carts", "/", "/orders/x/y"):
            request(host.port, "POST", path, b"{}")
        request(host.port, "GET", "/orders")
        assert {(line["events"], line["topics"], line["hold"]) for line in host.access(4)} == {("-", "-", "-")}


def test_a_hook_that_says_no_leaves_a_dash(site, shop):
    config = '[[hook]]\ntopic = "order.paid"\nmatch = "POST /orders"\nwhen = { "response:/state" = "paid" }\n'
    with site(upstream=shop, config=config) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        line, = host.access()
        assert line["events"] in ("-", "") and line["topics"] in ("-", "")
        assert host.recorded() == []


def test_async_was_not_held(site, shop):
    with site(upstream=shop, store='guarantee = "async"') as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert host.access()[0]["hold"] == "-"


def test_variables_in_other_places(site, shop):
    """In a header they are known for a held answer, and harmless where they are not."""
    server = """location / {
                    proxy_pass http://@UPSTREAM@;
                    add_header X-Event "<$trotline_event>";
                    add_header X-Hold "<$trotline_hold_time>";
                    proxy_set_header X-Early "<$trotline_event>";
                }
                location /own { return 200 "<$trotline_event$trotline_topics$trotline_hold_time>"; }"""
    with site(server, upstream=shop) as host:
        reply = request(host.port, "POST", "/orders", b"{}")
        assert reply.status == 201 and reply.header("x-event").startswith("<")
        assert request(host.port, "GET", "/own").status == 200
        assert request(host.port, "GET", "/carts").status == 200
