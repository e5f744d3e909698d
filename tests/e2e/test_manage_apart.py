"""A Cosmic and a Cockpit API on one host, for two tenants each: who sees what, and what is delivered to whom."""

import json

import pytest
from harness import Sink, Trotline, Upstream, free_port, request, response, wait_until
from management import admin_table, api_table, ask, env_of

NORTH, SOUTH, SITE, BLOG = "write-key-of-north", "write-key-of-south", "token-of-the-site", "token-of-the-blog"
ALLOW = 'allow = ["127.0.0.1/32"]'
HOOKS = """
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[hook]]
topic = "collections.save.after"
match = "POST /api/collections/save/{name}"
args = ["path:name", "response:"]
"""


def answer(asked):
    if "/add-object" in asked.target:
        return response(200, '{"object":{"_id":"5d","status":"published"}}', {"Content-Type": "application/json"})
    return response(201, json.dumps({"id": 7, "path": asked.target, "name": "Größe/L"}), {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apart")
    port = free_port()
    config = 'dialects = ["cosmic"]\n' + admin_table(folder, port)
    config += api_table("north", "cosmic", {"k": (NORTH, "read_write")}, "north", ALLOW + '\noptions = { props = ["id", "name"] }')
    config += api_table("south", "cosmic", {"k": (SOUTH, "read_write")}, "south", ALLOW)
    config += api_table("site", "cockpit", {"k": (SITE, "read_write")}, more=ALLOW + '\nprefix = "/cms"\noptions = { backend = 0 }')
    config += api_table("blog", "cockpit", {"k": (BLOG, "read_write")}, more='prefix = "/cms"\nhosts = ["blog.test"]')
    with Upstream(answer) as upstream:
        with Trotline(config + HOOKS, upstream=upstream.url, env=env_of(NORTH, SOUTH, SITE, BLOG)) as running:
            running.admin, running.upstream = port, upstream
            yield running


def cosmic(host, bucket, key, method="GET", rest="", body=None, port=None):
    return ask(port or host.port, method, f"/v1/{bucket}/webhooks{rest}", body, {"Authorization": key})


def cockpit(host, token, method="GET", rest="", body=None, port=None):
    return ask(port or host.port, method, f"/cms/webhooks{rest}", body, {"Cockpit-Token": token})


@pytest.fixture(autouse=True)
def _clean(host):
    yield
    for bucket, key in (("north", NORTH), ("south", SOUTH)):
        for webhook in cosmic(host, bucket, key)[1]["webhooks"]:
            assert cosmic(host, bucket, key, "DELETE", "/" + webhook["id"])[0] == 200
    for webhook in cockpit(host, SITE)[1]:
        assert cockpit(host, SITE, "POST", "/remove", {"webhook": {"_id": webhook["_id"]}})[0] == 200


def add_cosmic(host, url, bucket="north", key=NORTH, event="order.created"):
    status, made, _ = cosmic(host, bucket, key, "POST", "", {"event": event, "endpoint": url})
    assert status == 200, made
    return made["webhook"]


def add_cockpit(host, url, **members):
    status, made, _ = cockpit(host, SITE, "POST", "/save", {"webhook": {"name": "mine", "url": url, "events": ["order.created"], **members}})
    assert status == 200, made
    return made


def order(host, path="/orders"):
    assert request(host.port, "POST", path, b"{}", {"Content-Type": "application/json"}).status == 201


def test_credentials_of_one_are_none_of_the_other(host):
    webhook = add_cosmic(host, "http://127.0.0.1:8099/")
    other = add_cockpit(host, "http://127.0.0.1:8099/")
    for key in (SOUTH, SITE, BLOG):
        assert cosmic(host, "north", key)[0] == 401
    for token in (NORTH, SOUTH):
        assert cockpit(host, token)[0] == 401
    assert cosmic(host, "south", SOUTH, rest="/" + webhook["id"])[0] == 404
    assert cosmic(host, "south", SOUTH)[1] == {"webhooks": [], "total": 0} and len(cockpit(host, SITE)[1]) == 1
    assert cockpit(host, SITE, rest=f"/webhook/{other['_id']}")[0] == 200


def test_a_host_has_its_own_tenants(host):
    add_cockpit(host, "http://127.0.0.1:8099/")
    assert cockpit(host, BLOG)[0] == 401  # for shop.test, which is not the blog's
    reply = request(host.port, "GET", "/cms/webhooks", headers={"Cockpit-Token": BLOG}, host="Blog.test:8080")
    assert (reply.status, reply.body) == (200, b"[]")


def test_only_its_routes_are_kept_from_the_upstream(host):
    before = len(host.upstream.requests)
    for path in ("/webhooks", "/api/webhooks", "/cms/webhooksx", "/cmswebhooks", "/cms", "/cms/webhooks/index", "/v1/north/object", "/v2/north/webhooks"):
        assert json.loads(request(host.port, "GET", path, headers={"Authorization": NORTH}).body)["path"] == path
    assert len(host.upstream.requests) == before + 8
    assert cosmic(host, "north", NORTH, port=host.admin)[0] == 200 == cockpit(host, SITE, port=host.admin)[0]


def test_an_address_that_only_one_api_may_reach(host):
    status, refusal, _ = ask(host.port, "POST", "/cms/webhooks/save", {"webhook": {"name": "x", "url": "http://127.0.0.1:8099/"}}, {"Cockpit-Token": SITE})
    assert status == 200, refusal
    reply = request(host.port, "POST", "/cms/webhooks/save", json.dumps({"token": BLOG, "webhook": {"name": "x", "url": "http://127.0.0.1:8099/"}}),
                    {"Content-Type": "application/json"}, host="blog.test")
    assert reply.status == 412 and json.loads(reply.body)["error"] == "url is refused: it leads to where deliveries may not go"


def test_cosmic_deliveries(host):
    with Sink() as sink, Sink() as south:
        add_cosmic(host, sink.url + "/hook?x=1")
        other = add_cosmic(host, south.url, "south", SOUTH)
        order(host)
        got, = sink.wait(1)
        assert (got.method, got.target) == ("POST", "/hook?x=1") and got.header("x-cosmicjs-event") == "order.created"
        body = json.loads(got.body)
        assert list(body) == ["type", "created_at", "data"] and body["type"] == "order.created" and body["data"] == {"id": 7, "name": "Größe/L"}
        assert json.loads(south.wait(1)[0].body)["data"]["path"] == "/orders"  # no props there
        assert cosmic(host, "south", SOUTH, "DELETE", "/" + other["id"])[0] == 200
        order(host)
        sink.wait(2)
        assert len(south.requests) == 1


def test_a_bucket_gets_its_own_events(host):
    with Sink() as north, Sink() as south:
        for sink, bucket, key in ((north, "north", NORTH), (south, "south", SOUTH)):
            add_cosmic(host, sink.url, bucket, key, "object.created.published")
            add_cosmic(host, sink.url, bucket, key)
        for bucket in ("south", "west", "North", "south"):
            assert request(host.port, "POST", f"/v1/{bucket}/add-object", b'{"title":"x"}', {"Content-Type": "application/json"}).status == 200
        order(host)  # of no bucket: for both
        assert sorted(got.header("x-cosmicjs-event") for got in south.wait(3)) == ["object.created.published"] * 2 + ["order.created"]
        assert [got.header("x-cosmicjs-event") for got in north.wait(1)] == ["order.created"]
        order(host)
        assert len(north.wait(2)) == len(north.requests) and len(south.wait(4)) == len(south.requests)


def test_cockpit_deliveries(host):
    with Sink() as sink:
        webhook = add_cockpit(host, sink.url, name="Größe/L", events=["order.created", "collections.save.after"], auth={"user": "u", "pass": "p"},
                              headers=[{"k": "X-Foo", "v": "Bar"}, {"k": "X-None", "v": ""}])
        order(host, "/api/collections/save/posts")
        got, = sink.wait(1)
        assert [name.lower() for name, _ in got.headers if name.lower() != "host"] == ["authorization", "accept", "content-type", "content-length", "x-foo"]
        assert got.header("authorization") == "Basic dTpw" and got.header("x-foo") == "Bar"
        assert got.body.startswith(b'{"event":"collections.save.after","hook":"Gr\\u00f6\\u00dfe\\/L","backend":0,"args":["posts",{')
        # A change holds for the next event: name, credentials, events, and the pause.
        def change(**members):
            assert cockpit(host, SITE, "POST", "/save", {"webhook": {"_id": webhook["_id"], **members}})[0] == 200
        change(name="second", auth={"user": "", "pass": ""}, events=["order.created"])
        order(host, "/api/collections/save/posts")
        order(host)
        second = sink.wait(2)[1]
        assert json.loads(second.body)["event"] == "order.created" and json.loads(second.body)["hook"] == "second" and second.header("authorization") is None
        change(active=False)
        order(host)
        change(active=True, name="third")
        order(host)
        assert json.loads(sink.wait(3)[2].body)["hook"] == "third" and len(sink.requests) == 3


def test_an_endpoint_that_has_gone_disables_and_saving_it_again_enables(host):
    with Sink([410, 200]) as sink:
        webhook = add_cockpit(host, sink.url)
        order(host)
        sink.wait(1)
        shown = wait_until(lambda: next((one for one in cockpit(host, SITE)[1] if not one["active"]), None), 10, "a webhook that is not active")
        assert shown["_id"] == webhook["_id"]
        # A change of its name alone leaves it as it is.
        assert cockpit(host, SITE, "POST", "/save", {"webhook": {"_id": webhook["_id"], "name": "still gone"}})[1]["active"] is False
        assert cockpit(host, SITE, "POST", "/save", {"webhook": {**shown, "active": True}})[1]["active"] is True
        order(host)
        assert json.loads(sink.wait(2)[1].body)["hook"] == "mine"
