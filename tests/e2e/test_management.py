"""Management APIs of the standalone host: which requests are for them, wherever it listens, and what is said of them in logs and lists."""

import json
import signal

import pytest
from harness import Client, Sink, Trotline, Upstream, free_port, request, response, toml, trotline, wait_until

KEY = "a-write-key-of-the-bucket"
TOKEN = "0123456789abcdef0123456789abcdef"

pytestmark = pytest.mark.sanitized


def config(folder, admin, prefix="", hosts=()):
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    return f"""
[admin]
listen = "127.0.0.1:{admin}"
token_file = {toml(folder / "token")}

[egress]
allow = ["127.0.0.1/32"]

[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"

[[api]]
name = "bucket"
dialect = "cosmic"
tenant = "shop"
prefix = {toml(prefix)}
hosts = {toml(list(hosts))}
allow = ["127.0.0.1/32"]
[[api.key]]
secret = {toml(KEY)}
"""


@pytest.fixture
def shop():
    with Upstream(lambda got: response(201 if got.method == "POST" else 200, got.body if got.method == "POST" else b'{"from":"upstream"}')) as upstream:
        yield upstream


def ask(port, method, path="/v1/shop/webhooks", body=None, **options):
    text = None if body is None else json.dumps({"write_key": KEY, **body})
    return request(port, method, path, text, [("Content-Type", "application/json"), ("Authorization", KEY)], **options)


def made(port, url, **options):
    reply = ask(port, "POST", body={"event": "order.created", "endpoint": url}, **options)
    assert reply.status == 200, reply
    return json.loads(reply.body)["webhook"]["id"]


def test_its_routes_are_answered_and_all_others_proxied(shop, tmp_path):
    with Sink() as sink, Trotline(config(tmp_path, free_port()), upstream=shop.url, standalone={"access_log": str(tmp_path / "access")}) as host:
        for n in range(20):
            webhook = made(host.port, sink.url)
            assert request(host.port, "POST", "/orders", b'{"id":%d}' % n).status == 201
            wait_until(lambda: len(sink.requests) == n + 1, 10, "the delivery")
            assert ask(host.port, "DELETE", f"/v1/shop/webhooks/{webhook}", {}).status == 200
        assert request(host.port, "GET", "/v1/shop/objects").body == b'{"from":"upstream"}'
        assert request(host.port, "GET", "/v1/webhooks").body == b'{"from":"upstream"}'
        assert not [got for got in shop.requests if "webhooks" in got.target and "/v1/shop/" in got.target]
        host.stop()
        lines = (tmp_path / "access").read_text()
        assert '"POST /v1/shop/webhooks HTTP/1.1" 200' in lines and KEY not in lines


def test_the_admin_listener_answers_them_too(shop, tmp_path):
    admin = free_port()
    with Sink() as sink, Trotline(config(tmp_path, admin), upstream=shop.url) as host:
        webhook = made(admin, sink.url)
        assert webhook in ask(host.port, "GET").body.decode()


def test_prefix_and_host_decide(shop, tmp_path):
    with Trotline(config(tmp_path, free_port(), prefix="/hooks", hosts=["api.shop.example"]), upstream=shop.url) as host:
        assert ask(host.port, "GET").body == b'{"from":"upstream"}'
        assert ask(host.port, "GET", "/hooks/v1/shop/webhooks", host="www.shop.example").body == b'{"from":"upstream"}'
        assert ask(host.port, "GET", "/hooks/v1/shop/webhooks", host="api.shop.example").status == 200
        assert ask(host.port, "GET", "/hooks/v1/shop/webhooks/", host="API.shop.example:8080").status == 200
        assert ask(host.port, "GET", "/hookshop/v1/shop/webhooks", host="api.shop.example").body == b'{"from":"upstream"}'


def test_the_connection_goes_on_after_it(shop, tmp_path):
    with Trotline(config(tmp_path, free_port()), upstream=shop.url) as host, Client(host.port) as client:
        head = f"GET /v1/shop/webhooks HTTP/1.1\r\nHost: a\r\nAuthorization: {KEY}\r\n\r\n".encode()
        page = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
        client.send(head + page + head)  # pipelined
        assert [client.reply("GET").status for _ in range(3)] == [200, 200, 200]


def test_a_body_of_any_size_is_bounded(shop, tmp_path):
    with Trotline(config(tmp_path, free_port()), upstream=shop.url) as host:
        for size, status in ((50_000, 200), (1_000_000, 400), (1_100_000, 413), (8_000_000, 413)):
            reply = ask(host.port, "POST", body={"event": "order.created", "endpoint": "https://a.example/", "note": "x" * size})
            assert reply.status == status, reply
        assert len(json.loads(ask(host.port, "GET").body)["webhooks"]) == 1


def test_people_see_them_in_lists_without_secrets(shop, tmp_path):
    with Sink() as sink, Trotline(config(tmp_path, free_port()), upstream=shop.url) as host:
        webhook = made(host.port, sink.url + "?token=canary-in-the-query")
        request(host.port, "POST", "/orders", b'{"id":1}')
        wait_until(lambda: sink.requests, 10, "the delivery")
        host.stop()
        lines = [json.loads(line) for line in trotline("subscriptions", "--json", "--store", str(host.store)).stdout.splitlines()]
        assert [(one["name"], one["origin"], one["state"]) for one in lines] == [(f"bucket/{webhook}", "api:bucket", "active")]
        for what in ("subscriptions", "deliveries", "attempts", "events"):
            assert "canary-in-the-query" not in trotline(what, "--json", "--store", str(host.store)).stdout
        assert f"bucket/{webhook}" in trotline("deliveries", "--json", "--store", str(host.store)).stdout


def test_only_its_own_headers_go_to_what_an_api_made(shop, tmp_path):
    """Whoever may use an API names the url: what [delivery] says to this file's subscriptions is not for them."""
    ours = config(tmp_path, free_port()).replace("[[api.key]]", 'headers = { X-Shop = "of-the-api" }\n[[api.key]]')
    with Sink() as theirs, Sink() as file:
        ours += f"""
[delivery]
bearer = "canary-token"
headers = {{ X-All = "canary-header" }}
[[subscription]]
name = "file"
topics = ["*"]
url = {toml(file.url)}
format = "cosmic"
"""
        with Trotline(ours, upstream=shop.url) as host:
            webhook = made(host.port, theirs.url)
            assert request(host.port, "POST", "/orders", b'{"id":1}').status == 201
            got, known = theirs.wait(1)[0], file.wait(1)[0]
            assert known.header("x-all") == "canary-header" and known.header("authorization") == "Bearer canary-token" and known.header("x-shop") is None
            assert got.header("x-shop") == "of-the-api" and got.header("x-all") is None and got.header("authorization") is None
            # Nobody reads it where the webhook is shown.
            assert webhook in (shown := ask(host.port, "GET").body.decode()) and "of-the-api" not in shown
            # A reload reaches the one that is there.
            host.configure(ours.replace("of-the-api", "another"), upstream=shop.url)
            host.process.send_signal(signal.SIGHUP)

            def renewed():
                request(host.port, "POST", "/orders", b'{"id":2}')
                return any(each.header("x-shop") == "another" for each in theirs.requests)
            wait_until(renewed, 10, host.logs)


@pytest.mark.parametrize("url", ["http://127.0.0.2:9/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://localhost/",
                                 "ftp://a.example/", "http://user:pass@a.example/", "//a.example/", "http://a.example:22/", "http://2130706433/"])
def test_the_guard_says_no_when_it_is_made(shop, tmp_path, url):
    with Trotline(config(tmp_path, free_port()), upstream=shop.url) as host:
        reply = ask(host.port, "POST", body={"event": "order.created", "endpoint": url})
        assert 400 <= reply.status < 500, reply
        assert json.loads(ask(host.port, "GET").body)["webhooks"] == []


def test_mistakes_in_the_table_are_told_with_their_place(tmp_path):
    wrong = """[[api]]
name = "a b"
dialect = "woocomerce"
prefix = "shop"
[[api.key]]
secret = "short"
permission = "all"

[[api]]
name = "cosmic"
dialect = "cosmic"
"""
    (tmp_path / "trotline.toml").write_text(f'[store]\nurl = "sqlite:{tmp_path}/store"\n' + wrong)
    said = trotline("check", "-c", str(tmp_path / "trotline.toml"))
    assert said.returncode == 1
    for part in ('\'name\' must be', 'did you mean \\"woocommerce\\"', "'prefix' is", "shorter than 8 bytes", "permission", "needs a 'tenant'", "no [[api.key]]"):
        assert part.replace("\\", "") in said.stdout + said.stderr, (part, said)
    assert ":4:" in said.stdout + said.stderr


def test_two_apis_on_the_same_routes_are_a_mistake(tmp_path):
    tables = {"datocms": "", "shareactor": "57ee9c71d76d431f8511142f"}

    def check(more, *order):
        text = f'[store]\nurl = "sqlite:{tmp_path}/store"\n'
        for dialect in order:
            text += f'[[api]]\nname = "{dialect}"\ndialect = "{dialect}"\ntenant = "{tables[dialect]}"\n'
            text += (more if dialect == "datocms" else "") + '\n[[api.key]]\nid = "key"\nsecret = "long enough"\n'
        (tmp_path / "trotline.toml").write_text(text)
        return trotline("check", "-c", str(tmp_path / "trotline.toml"))
    said = check("", *tables)
    assert said.returncode == 1 and "give one of them a 'prefix' or 'hosts'" in said.stdout + said.stderr, said
    assert check('prefix = "/cms"', *tables).returncode == 0
    assert check('hosts = ["cms.example"]', "datocms", "shareactor").returncode == 0
    assert check('hosts = ["cms.example"]', "shareactor", "datocms").returncode == 1  # the first one answers for every host
