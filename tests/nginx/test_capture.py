"""Which exchanges become events: the ones that the upstream said yes to, each once, and no other."""

import json

import pytest
from harness import Client, Upstream, request, response
from ngx import HOOKS
from shopping import JSON, orders, payload, post

pytestmark = pytest.mark.sanitized


def test_a_created_order_is_captured_with_id_and_payload(site, shop):
    with site(upstream=shop) as host:
        reply = request(host.port, "POST", "/orders?x=1", b'{"id":42}', JSON)
        assert reply.status == 201 and json.loads(reply.body) == {"id": 42, "state": "new"}
        event, = host.recorded()
        assert (event["topic"], event["resource"], event["resource_id"], event["action"]) == ("order.created", "order", "42", "created")
        assert (event["method"], event["path"], event["status"], event["flags"]) == ("POST", "/orders", 201, 0)
        assert payload(event) == {"id": 42, "state": "new"}


def test_the_payload_can_be_the_request_body(site, shop):
    with site(upstream=shop) as host:
        body = json.dumps({"id": 7, "note": "é" * 3000})
        assert request(host.port, "PUT", "/orders/7", body, JSON).status == 201
        event, = host.recorded()
        assert event["topic"] == "order.changed" and event["resource_id"] == "7" and payload(event) == json.loads(body)


def test_a_deleted_order_without_a_body(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        for n in (9, 10):
            client.send(post(n, f"/orders/{n}", "DELETE"))
            reply = client.reply("DELETE")
            assert reply.status == 204 and reply.header("content-length") is None
        assert [event["resource_id"] for event in host.recorded()] == ["9", "10"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_no_change(site, shop, method):
    with site(upstream=shop) as host:
        assert request(host.port, method, "/orders").status == 200
        assert host.recorded() == []
        assert host.access()[0]["events"] == "-"


def test_what_the_upstream_refused_is_no_change(site):
    statuses = [301, 304, 400, 404, 409, 422, 500, 502, 503]
    with Upstream(lambda got: response(int(got.header("x-status")), b"", JSON)) as upstream, site(upstream=upstream) as host:
        for status in statuses:
            assert request(host.port, "POST", "/orders", b"{}", [("X-Status", status)]).status == status
        assert host.recorded() == []
        lines = host.access(len(statuses))
        assert {(line["events"], line["topics"], line["hold"]) for line in lines} == {("-", "-", "-")}


def test_an_answer_that_nginx_makes_is_no_change(site):
    with site('location / { return 200 "{}"; }') as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 200
        assert host.recorded() == []


def test_no_upstream_is_no_change(site):
    with site() as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 502
        assert host.recorded() == []


def test_what_no_hook_names_leaves_no_trace(site, shop):
    with site(upstream=shop) as host:
        assert request(host.port, "POST", "/carts", b"{}").status == 201
        assert request(host.port, "PATCH", "/orders/1", b"{}").status == 201
        assert host.recorded() == []


@pytest.mark.parametrize("obeyed", [True, False])
def test_a_field_that_names_the_method(site, shop, obeyed):
    config = ("[capture]\nmethod_override = true\n" if obeyed else "") + HOOKS
    with site(upstream=shop, config=config) as host, Client(host.port) as client:
        client.send(post(1, "/orders/9", more="X-HTTP-Method-Override: DELETE\r\n")).reply()
        assert [event["topic"] for event in host.recorded()] == (["order.deleted"] if obeyed else [])


def test_off_inside_a_location(site, shop):
    server = """location / { proxy_pass http://@UPSTREAM@; }
                location = /orders {
                    trotline off;
                    proxy_pass http://@UPSTREAM@;
                }"""
    with site(server, upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert request(host.port, "PUT", "/orders/3", b"{}").status == 201
        assert [event["topic"] for event in host.recorded()] == ["order.changed"]


def test_on_inside_a_location_of_a_server_that_is_off(site, shop):
    server = """trotline off;
                location / { proxy_pass http://@UPSTREAM@; }
                location = /orders {
                    trotline on;
                    proxy_pass http://@UPSTREAM@;
                }"""
    with site(server, upstream=shop) as host:
        assert request(host.port, "PUT", "/orders/3", b"{}").status == 201
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert [event["topic"] for event in host.recorded()] == ["order.created"]


def test_an_upgraded_connection_is_left_alone(site):
    def echo(_, connection, stream):
        assert stream.request().header("upgrade") == "echo"
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        while stream.fill():
            connection.sendall(bytes(stream.data))
            stream.data.clear()

    server = """location / {
                    proxy_pass http://@UPSTREAM@;
                    proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection upgrade;
                }"""
    with Upstream(serve=echo) as upstream, site(server, upstream=upstream) as host, Client(host.port) as client:
        client.send(post(more="Connection: upgrade\r\nUpgrade: echo\r\n"))
        assert client.reply().status == 101
        for word in (b"hello", b"x" * 100_000):
            client.send(word)
            while len(client.stream.data) < len(word):
                assert client.stream.fill()
            assert bytes(client.stream.data) == word
            client.stream.data.clear()
        client.close()
        assert host.recorded() == []


def test_keep_alive_and_pipelining(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        client.send(post(1)).reply()
        client.send(b"".join(post(n) for n in range(2, 12)))
        assert [json.loads(client.reply().body)["id"] for _ in range(10)] == list(range(2, 12))
        client.send(b"GET /orders HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.reply().status == 200
        assert [event["resource_id"] for event in host.recorded()] == [str(n) for n in range(1, 12)]


def test_many_connections_at_once(site, shop):
    with site(upstream=shop) as host:
        clients = [Client(host.port).send(post(n)) for n in range(100)]
        for n, client in enumerate(clients):
            assert json.loads(client.reply().body)["id"] == n
            client.close()
        assert sorted(int(event["resource_id"]) for event in host.recorded()) == list(range(100))


def test_http_1_0(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        client.send(post(5).replace(b"HTTP/1.1", b"HTTP/1.0"))
        reply = client.reply()
        assert reply.status == 201 and reply.header("connection") == "close" and client.closed()
        assert [event["resource_id"] for event in host.recorded()] == ["5"]


def test_keep_alive_to_the_upstream(site, shop):
    http = "upstream shop { server @UPSTREAM@; keepalive 8; }"
    server = 'location / { proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; }'
    with site(server, http=http, upstream=shop) as host, Client(host.port) as client:
        for n in range(1, 21):
            assert json.loads(client.send(post(n)).reply().body)["id"] == n
        assert shop.accepted == 1
        assert len(host.recorded()) == 20


def test_the_next_upstream_is_tried_and_the_change_recorded_once(site, shop):
    with Upstream(lambda _: response(503, b"busy")) as busy:
        http = f"upstream shop {{ server {busy.address} max_fails=0; server @UPSTREAM@ backup; }}"
        server = "location / { proxy_pass http://shop; proxy_next_upstream error timeout http_503 non_idempotent; }"
        with site(server, http=http, upstream=shop) as host:
            assert request(host.port, "POST", "/orders", b'{"id":3}', JSON).status == 201
            event, = host.recorded()
            assert (event["status"], event["resource_id"], len(busy.requests)) == (201, "3", 1)


def test_two_hooks_make_two_events_of_one_exchange(site, shop):
    config = '[[hook]]\ntopic = "a.made"\nmatch = "POST /orders"\n[[hook]]\ntopic = "b.made"\nmatch = "POST /orders"\n'
    with site(upstream=shop, config=config) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert [event["topic"] for event in host.recorded()] == ["a.made", "b.made"]
        line, = host.access()
        assert line["topics"] == "a.made,b.made" and line["events"].count(",") == 1


@pytest.mark.parametrize("path", ["/shop/orders", "/shop/v2/orders"])
def test_the_path_that_counts_is_the_one_sent_to_the_upstream_or_the_clients(site, shop, path):
    """proxy_pass with a URI replaces the location's prefix: hooks may be written for the path that the client sees."""
    config = '[[hook]]\ntopic = "order.created"\nmatch = "POST /shop/{rest*}"\nid = "response:/id"\n'
    with site("location /shop/ { proxy_pass http://@UPSTREAM@/; }", upstream=shop, config=config) as host:
        assert request(host.port, "POST", path, b'{"id":8}', JSON).status == 201
        assert shop.requests[0].target == path.removeprefix("/shop")
        event, = host.recorded()
        assert event["path"] == path and event["resource_id"] == "8"


def test_scripted_upstreams_and_this_client_agree_without_the_module(site, shop):
    with site(upstream=shop, module=False) as host:
        assert request(host.port, "POST", "/orders", b'{"id":3}', JSON).body == orders(shop.requests[0]).partition(b"\r\n\r\n")[2]
        assert host.quit() == 0 and not host.store.exists()
