"""Internal redirects, error pages, caches and subrequests: nginx makes other requests of a request; only the upstream's own yes counts."""

import pytest
from harness import Client, Upstream, request, response, wait_until
from shopping import JSON, orders, payload, post

pytestmark = pytest.mark.sanitized


def sending_to(target, status=200):
    """An upstream that answers POST /orders with X-Accel-Redirect."""
    def answer(got):
        if got.method == "POST" and got.target == "/orders":
            return response(status, b'{"id":666}', [*JSON, ("X-Accel-Redirect", target)])
        return response(status, b'{"id":667,"method":"%s"}' % got.method.encode(), JSON)
    return Upstream(answer)


def test_x_accel_redirect_to_a_file_is_not_captured(site):
    server = """location / { proxy_pass http://@UPSTREAM@; }
                location /static/ { internal; root @DIR@; }"""
    with sending_to("/static/page") as upstream, site(server, upstream=upstream) as host:
        (host.dir / "static").mkdir()
        (host.dir / "static" / "page").write_text('{"id":1}')
        reply = request(host.port, "POST", "/orders", b"{}")
        assert reply.status == 200 and reply.body == b'{"id":1}'
        assert host.recorded() == []


@pytest.mark.parametrize("status", [200, 201])
def test_x_accel_redirect_to_another_upstream_is_not_captured(site, status):
    with sending_to("/elsewhere", status) as upstream, site(upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == status
        assert [each.method for each in upstream.requests] == ["POST", "GET"]
        assert host.recorded() == []


def test_after_x_accel_redirect_the_connection_goes_on(site):
    """What is left of the first answer must not stand in the way of the next one."""
    with sending_to("/elsewhere") as upstream, site(upstream=upstream) as host, Client(host.port) as client:
        for n in range(3):
            assert client.send(post(n)).reply().status == 200
            assert client.send(post(n, f"/orders/{n}", "PUT")).reply().status == 200
        assert [event["topic"] for event in host.recorded()] == ["order.changed"] * 3


def refusing(fallback=200):
    """An upstream that refuses /orders and takes everything else."""
    def answer(got):
        return response(404, b"no", JSON) if got.target == "/orders" else response(fallback, b'{"id":5}', JSON)
    return Upstream(answer)


@pytest.mark.parametrize("fallback", [200, 201])
def test_error_page_to_a_uri_is_not_captured(site, fallback):
    server = "proxy_intercept_errors on; error_page 404 =200 /instead; location / { proxy_pass http://@UPSTREAM@; }"
    with refusing(fallback) as upstream, site(server, upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").status in (200, 201)
        assert [(each.method, each.target) for each in upstream.requests] == [("POST", "/orders"), ("GET", "/instead")]
        assert host.recorded() == []


def test_error_page_to_a_named_location_is_captured_once(site, shop):
    with Upstream(lambda _: response(404, b"no")) as old:
        server = f"""location / {{
                         proxy_pass http://{old.address};
                         proxy_intercept_errors on;
                         error_page 404 = @new;
                     }}
                     location @new {{ proxy_pass http://@UPSTREAM@; }}"""
        with site(server, upstream=shop) as host:
            assert request(host.port, "POST", "/orders", b'{"id":77}', JSON).status == 201
            assert [each.method for each in old.requests + shop.requests] == ["POST", "POST"]
            event, = host.recorded()
            assert event["resource_id"] == "77"


def test_a_dead_upstream_and_its_named_replacement(site, shop):
    server = """location / { proxy_pass http://127.0.0.1:1; error_page 502 = @new; }
                location @new { proxy_pass http://@UPSTREAM@; }"""
    with site(server, upstream=shop) as host:
        assert request(host.port, "PUT", "/orders/8", b'{"a":1}', JSON).status == 201
        event, = host.recorded()
        assert event["resource_id"] == "8" and payload(event) == {"a": 1}


def test_an_intercepted_error_that_becomes_200_is_not_captured(site):
    server = """proxy_intercept_errors on;
                error_page 500 404 =200 /sorry;
                location = /sorry { return 200 '{"id":1}'; }
                location / { proxy_pass http://@UPSTREAM@; }"""
    for status in (500, 404):
        with Upstream(lambda _, status=status: response(status, b"no")) as upstream, site(server, upstream=upstream) as host:
            assert request(host.port, "POST", "/orders", b"{}").status == 200
            assert host.recorded() == []


@pytest.mark.parametrize("server", [
    "location /orders { try_files /none /app/orders; } location /app/ { proxy_pass http://@UPSTREAM@/; }",
    "location /orders { try_files /none @app; } location @app { proxy_pass http://@UPSTREAM@; }",
    "location /orders { rewrite ^ /app/orders last; } location /app/ { proxy_pass http://@UPSTREAM@/; }",
])
def test_an_internal_redirect_is_captured_once(site, shop, server):
    with site(server, upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b'{"id":4}', JSON).status == 201
        event, = host.recorded()
        assert (event["path"], event["resource_id"]) == ("/orders", "4")


def test_a_cached_answer_is_no_change(site, shop):
    http = "proxy_cache_path @DIR@/cache keys_zone=shop:1m;"
    server = """location / {
                    proxy_pass http://@UPSTREAM@;
                    proxy_cache shop;
                    proxy_cache_methods GET HEAD POST;
                    proxy_cache_key $request_uri|$request_body;
                    proxy_cache_valid 200 201 1m;
                    add_header X-Cache $upstream_cache_status always;
                }"""
    with site(server, http=http, upstream=shop) as host:
        replies = [request(host.port, "POST", "/orders", b'{"id":6}', JSON) for _ in range(3)]
        assert [reply.header("x-cache") for reply in replies] == ["MISS", "HIT", "HIT"]
        assert len({reply.body for reply in replies}) == 1 and len(shop.requests) == 1
        assert len(host.recorded()) == 1


def test_a_mirror_is_ignored_and_the_main_request_captured_once(site, shop):
    server = """location = /copy { internal; proxy_pass http://@UPSTREAM@/orders; }
                location / { mirror /copy; proxy_pass http://@UPSTREAM@; }"""
    with site(server, upstream=shop) as host, Client(host.port) as client:
        for n in range(5):
            assert client.send(post(n)).reply().status == 201
        wait_until(lambda: len(shop.requests) == 10, what="the mirrored requests")
        assert [event["resource_id"] for event in host.recorded()] == [str(n) for n in range(5)]


def test_a_mirror_alone_in_the_hooked_location_is_ignored(site, shop):
    """The subrequest's upstream says 201 to a POST; the main request is answered by nginx."""
    server = """location = /copy { internal; proxy_pass http://@UPSTREAM@/orders; }
                location / { mirror /copy; return 200 ok; }"""
    with site(server, upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 200
        assert host.recorded() == []


@pytest.mark.parametrize("allowed", [True, False])
def test_auth_request_is_ignored_and_the_main_request_captured_once(site, allowed):
    def answer(got):
        return response(200 if allowed else 403, b"") if got.target == "/auth" else orders(got)

    server = """location = /auth {
                    internal;
                    proxy_pass http://@UPSTREAM@/auth;
                    proxy_pass_request_body off;
                    proxy_set_header Content-Length "";
                }
                location / { auth_request /auth; proxy_pass http://@UPSTREAM@; }"""
    with Upstream(answer) as upstream, site(server, upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b'{"id":2}', JSON).status == (201 if allowed else 403)
        assert [event["resource_id"] for event in host.recorded()] == (["2"] if allowed else [])


def test_ssi_subrequests_in_a_held_answer(site):
    """Parts of a page that come from the upstream are no changes of their own; the event has what the upstream sent."""
    def answer(got):
        if got.target == "/part":
            return response(200, b"PART", [("Content-Type", "text/html")])
        return response(201, b'<b><!--# include virtual="/part" --></b>', [("Content-Type", "text/html")])

    with Upstream(answer) as upstream, site("location / { ssi on; proxy_pass http://@UPSTREAM@; }", upstream=upstream) as host:
        assert request(host.port, "POST", "/orders", b"{}").body == b"<b>PART</b>"
        event, = host.recorded()
        assert b"include virtual" in bytes(event["payload"] if isinstance(event["payload"], bytes) else event["payload"].encode())
