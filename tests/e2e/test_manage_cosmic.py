"""Cosmic's management API: /v1/BUCKET/webhooks, as its own client and curl use it."""

import json
import os
import re
import shutil
import subprocess

import pytest
from harness import ROOT, Trotline, Upstream, free_port, request, response
from management import admin_table, api_table, ask, env_of

WRITE, READ, BOTH, OTHER = "write-key-of-north", "read-key-of-north", "token-of-north-both", "write-key-of-south"
PATH = "/v1/north/webhooks"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ENDPOINT = "http://receiver.example/hooks?key=1"
HOOK = '\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'
VERIFIERS = ROOT / "tests" / "verifiers"


def config(folder, port, more=""):
    north = api_table("north-bucket", "cosmic", {"editor": (WRITE, "write"), "reader": (READ, "read"), "token": (BOTH, "read_write")}, "north")
    south = api_table("south-bucket", "cosmic", {"editor": (OTHER, "read_write")}, "south", "most = 3")
    return 'dialects = ["cosmic"]\n' + admin_table(folder, port) + north + south + HOOK + more


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cosmic")
    port = free_port()
    with Upstream(lambda _: response(200, b'{"upstream":true}')) as upstream:
        with Trotline(config(folder, port), upstream=upstream.url, env=env_of(WRITE, READ, BOTH, OTHER)) as running:
            running.api, running.admin = running.port, port
            running.upstream = upstream
            yield running


def hook(**members):
    return {"event": "object.created.published", "endpoint": ENDPOINT, **members}


def add(host, bucket="north", key=WRITE, **members):
    status, answer, _ = ask(host.api, "POST", f"/v1/{bucket}/webhooks", hook(write_key=key, **members))
    assert status == 200, answer
    return answer["webhook"]


def remove(host, webhook, bucket="north", key=WRITE):
    return ask(host.api, "DELETE", f"/v1/{bucket}/webhooks/{webhook['id']}", {"write_key": key})


def listed(host, bucket="north", key=BOTH, query=""):
    status, answer, _ = ask(host.api, "GET", f"/v1/{bucket}/webhooks{query}", headers={"Authorization": key})
    assert status == 200 and list(answer) == ["webhooks", "total"], answer
    return answer


@pytest.fixture(autouse=True)
def _clean(host):
    yield
    for bucket, key in (("north", BOTH), ("south", OTHER)):
        for webhook in listed(host, bucket, key)["webhooks"]:
            assert remove(host, webhook, bucket, key)[0] == 200


def refused(answered, status):
    got, answer, reply = answered
    assert (got, answer["status"]) == (status, status) and answer["message"] and list(answer) == ["status", "message"], reply
    assert reply.header("content-type").startswith("application/json")
    return answer["message"]


# ---- the documented exchanges


def test_add_list_one_and_delete(host):
    webhook = add(host)
    assert list(webhook) == ["id", "title", "event", "endpoint"] and UUID.fullmatch(webhook["id"])
    assert webhook == {"id": webhook["id"], "title": "Object created and published", "event": "object.created.published", "endpoint": ENDPOINT}
    second = add(host, event="media.deleted")
    assert listed(host) == {"webhooks": [webhook, second], "total": 2}
    assert ask(host.api, "GET", f"{PATH}/{webhook['id']}", headers={"Authorization": READ})[:2] == (200, {"webhook": webhook})
    assert remove(host, webhook)[:2] == (200, {"status": "200", "message": "Webhook deleted."})
    assert listed(host) == {"webhooks": [second], "total": 1}
    assert "not found" in refused(remove(host, webhook), 404)


@pytest.mark.parametrize("event, title", [
    ("object.created.draft", "Object created as draft"), ("object.created.published", "Object created and published"),
    ("object.edited.draft", "Object edited as draft"), ("object.edited.published", "Object edited and published"),
    ("object.edited.unpublished", "Object edited and unpublished"), ("object.deleted", "Object deleted"), ("media.created", "Media created"),
    ("media.edited", "Media edited"), ("media.deleted", "Media deleted"), ("merge.completed", "Merge completed"), ("order.created", "Order created"),
])
def test_every_event_and_its_title(host, event, title):
    webhook = add(host, event=event)
    assert (webhook["event"], webhook["title"]) == (event, title)


def test_unknown_attributes_survive_and_credentials_do_not(host):
    more = {"description": "Größe L / 日本", "nested": {"a": [1, None, 2.5, True]}, "nothing": None}
    webhook = add(host, **more, read_key=READ, token="canary-token", id="mine", title="mine")
    assert {name: webhook[name] for name in more} == more and UUID.fullmatch(webhook["id"]) and webhook["title"] == "Object created and published"
    assert list(webhook) == ["id", "title", "event", "endpoint", *more]
    host.restart()
    assert listed(host)["webhooks"] == [webhook]


def test_pages(host):
    made = [add(host, n=i) for i in range(5)]
    assert listed(host, query="?limit=2&skip=1") == {"webhooks": made[1:3], "total": 5}
    assert listed(host, query="?skip=9") == {"webhooks": [], "total": 5}
    for query in ("limit=0", "limit=1001", "limit=x", "limit=-1", "skip=-1", "skip=x", "skip=99999999999999999999"):
        assert "must be a number" in refused(ask(host.api, "GET", f"{PATH}?{query}", headers={"Authorization": BOTH}), 400)


# ---- who may


ROUTES = [("POST", PATH), ("GET", PATH), ("GET", PATH + "/ID"), ("DELETE", PATH + "/ID")]


def ways(method, secret, reading):
    """Every way to show a secret: (query, headers, body)."""
    yield "", {"Authorization": secret}, {}
    yield "", {"Authorization": f"Bearer {secret}"}, {}
    yield "", {"Authorization": f"bearer  {secret} "}, {}
    name = "read_key" if reading else "write_key"
    yield f"?{name}={secret}", {}, {}
    if method != "GET":
        yield "", {}, {name: secret}


@pytest.mark.parametrize("method, path", ROUTES)
def test_every_route_and_every_credential(host, method, path):
    kept = add(host)
    reads = method == "GET"
    for secret, status in ((None, 401), ("wrong-key-of-nobody", 401), (OTHER, 401), (WRITE[:-1], 401), (WRITE + "x", 401), ("", 401),
                           (WRITE, 403 if reads else 200), (READ, 200 if reads else 403), (BOTH, 200)):
        for query, headers, credentials in ways(method, secret, secret == READ) if secret is not None else [("", {}, {})]:
            webhook = kept if reads or status != 200 else add(host)
            body = {"POST": {**hook(), **credentials}, "DELETE": credentials}.get(method)
            before = listed(host)
            answered = ask(host.api, method, path.replace("ID", webhook["id"]) + query, body, headers)
            if status == 200:
                assert answered[0] == 200, answered
            else:
                refused(answered, status)
                assert listed(host) == before
    for scheme in ("Basic", "Token"):
        refused(ask(host.api, "GET", PATH, headers={"Authorization": f"{scheme} {BOTH}"}), 401)


def test_rights_of_two_keys_add_up(host):
    # As cosmicjs sends them: a token that may read, and the write key in the body.
    assert ask(host.api, "POST", PATH, hook(write_key=WRITE), {"Authorization": READ})[0] == 200
    assert ask(host.api, "POST", PATH, hook(write_key=WRITE), {"Authorization": "stale-token-of-before"})[0] == 200


def test_buckets_are_apart(host):
    north, south = add(host), add(host, "south", OTHER)
    assert listed(host)["webhooks"] == [north] and listed(host, "south", OTHER)["webhooks"] == [south]
    for method in ("GET", "DELETE"):
        refused(ask(host.api, method, f"/v1/south/webhooks/{north['id']}", headers={"Authorization": OTHER}), 404)
        refused(ask(host.api, method, f"{PATH}/{south['id']}", headers={"Authorization": OTHER}), 401)
    refused(ask(host.api, "POST", "/v1/south/webhooks", hook(write_key=WRITE)), 401)
    assert listed(host)["total"] == 1 and listed(host, "south", OTHER)["total"] == 1


@pytest.mark.parametrize("bucket", ["west", "North", "north%20", "north%2f", "north%01", "north;x", "%e2%98%83"])
def test_an_unknown_bucket(host, bucket):
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/x"), ("DELETE", "/x")):
        assert "Bucket" in refused(ask(host.api, method, f"/v1/{bucket}/webhooks{path}", headers={"Authorization": BOTH}), 404)


def test_a_bucket_that_is_spelled_with_escapes(host):
    assert ask(host.api, "GET", "/v1/n%6frth/webhooks/", headers={"Authorization": BOTH})[0] == 200


def test_the_limit_of_webhooks(host):
    for _ in range(3):
        add(host, "south", OTHER)
    assert "limit" in refused(ask(host.api, "POST", "/v1/south/webhooks", hook(write_key=OTHER)), 402)
    assert listed(host, "south", OTHER)["total"] == 3


# ---- what is wrong


@pytest.mark.parametrize("method, path, allow", [("PUT", PATH, "POST"), ("PATCH", PATH + "/x", "DELETE"), ("DELETE", PATH, "POST"),
                                                 ("POST", PATH + "/x", "DELETE"), ("OPTIONS", PATH, "POST")])
def test_other_methods(host, method, path, allow):
    answered = ask(host.api, method, path, {}, {"Authorization": BOTH})
    refused(answered, 405)
    assert answered[2].header("allow") == f"GET, HEAD, {allow}"


@pytest.mark.parametrize("members, word", [
    ({"event": None}, "event is required"), ({"event": ""}, "event is required"), ({"event": 7}, "event must be a string"), ({"event": ["object.deleted"]}, "event must be a string"),
    ({"event": "object.create.published"}, "event is not"), ({"event": "object.*"}, "event is not"), ({"event": "*"}, "event is not"),
    ({"event": "trotline.subscription.disabled"}, "event is not"), ({"event": "object.deleted\r\nX: y"}, "event is not"), ({"event": "a" * 100000}, "event is not"),
    ({"endpoint": None}, "endpoint is required"), ({"endpoint": ""}, "endpoint is required"), ({"endpoint": {}}, "endpoint must be a string"),
    ({"endpoint": "nonsense"}, "endpoint is refused"), ({"endpoint": "ftp://receiver.example/"}, "endpoint is refused"),
    ({"endpoint": "file:///etc/passwd"}, "endpoint is refused"), ({"endpoint": "http://user:pw@receiver.example/"}, "endpoint is refused"),
    ({"endpoint": "http://receiver.example/\r\nX: y"}, "endpoint is refused"), ({"endpoint": "http://receiver.example/" + "a" * 2048}, "2048 bytes"),
    ({"endpoint": "http://127.0.0.1/"}, "endpoint is refused"), ({"endpoint": "http://169.254.169.254/latest/meta-data"}, "endpoint is refused"),
    ({"endpoint": "http://[::1]/"}, "endpoint is refused"), ({"endpoint": "http://localhost/"}, "endpoint is refused"), ({"endpoint": "http://10.1.2.3:22/"}, "endpoint is refused"),
    ({"more": "x" * 70000}, "larger than"),
])
def test_bad_members(host, members, word):
    answered = ask(host.api, "POST", PATH, hook(write_key=WRITE, **members))
    message = refused(answered, 400)
    assert word in message and "127.0.0" not in message.replace("http://127.0.0.1/", "") and listed(host)["total"] == 0


def test_a_refusal_does_not_tell_where_a_name_leads(host):
    message = refused(ask(host.api, "POST", PATH, hook(write_key=WRITE, endpoint="http://localhost/")), 400)
    assert message == "endpoint is refused: it leads to where deliveries may not go"


@pytest.mark.parametrize("body, kind, status", [
    ("{", "application/json", 400), ("[]", "application/json", 400), ('"text"', "application/json", 400), ("7", "application/json", 400), ("null", "application/json", 400),
    ('{"event":"a","event":"b"}', "application/json", 400), ('{"event":"a\\u0000b"}', "application/json", 400), (b'{"event":"\xff"}', "application/json", 400),
    ("[" * 100000, "application/json", 400), ("event=object.deleted&endpoint=http%3A%2F%2Freceiver.example%2F&write_key=" + WRITE, "application/x-www-form-urlencoded", 400),
    (json.dumps({"event": "object.deleted", "endpoint": ENDPOINT, "write_key": WRITE}), "text/plain", 400), ("", "application/json", 400),
    (json.dumps({"event": "object.deleted", "endpoint": ENDPOINT, "write_key": WRITE, "more": "x" * (1 << 20)}), "application/json", 413),
])
def test_bad_bodies(host, body, kind, status):
    reply = request(host.api, "POST", PATH, body, {"Content-Type": kind, "Authorization": BOTH})
    assert reply.status == status, reply
    if status == 400:
        refused((reply.status, json.loads(reply.body), reply), 400)
    assert listed(host)["total"] == 0


def test_a_body_of_one_mebibyte_is_read(host):
    body = json.dumps(hook(write_key=WRITE, more=""))
    body = body[:-2] + "x" * ((1 << 20) - len(body)) + body[-2:]
    assert len(body) == 1 << 20
    assert "larger than" in refused(ask(host.api, "POST", PATH, body, {"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("name", ["x", "e39b2480-f043-11e7-ba08-234e3fae7762", "%01", "..%2f..", "a" * 4000, "' OR 1=1"])
def test_an_id_that_there_is_not(host, name):
    add(host)
    for method in ("GET", "DELETE"):
        assert "not found" in refused(ask(host.api, method, f"{PATH}/{name}".replace(" ", "%20"), headers={"Authorization": BOTH}), 404)
    assert listed(host)["total"] == 1


def test_what_is_not_of_the_api_is_not_taken(host):
    for path in ("/v1/north/objects", "/v1/north/webhooks/x/y", "/v1/webhooks", "/v2/north/webhooks", "/v1//webhooks", "/v1/north/webhooksx"):
        assert request(host.port, "GET", path, headers={"Authorization": BOTH}).body == b'{"upstream":true}', path
        assert request(host.admin, "GET", path, headers={"Authorization": BOTH}).status in (401, 429), path


def test_no_secret_in_log_or_answer(host):
    add(host, description="x")
    reply = request(host.api, "GET", PATH, headers={"Authorization": BOTH})
    for secret in (WRITE, READ, BOTH, OTHER):
        assert secret not in host.logs() and secret.encode() not in reply.raw


# ---- its own client


@pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "cosmicjs").exists()),
                    reason="needs node and `npm install` in tests/verifiers")
def test_cosmicjs(host):
    def run(config, *calls):
        done = subprocess.run(["node", "clients_cosmic.js"], cwd=VERIFIERS, input=json.dumps({"config": config, "calls": calls}), capture_output=True, text=True,
                              timeout=60, check=False, env={**os.environ, "COSMIC_API_URL": f"http://127.0.0.1:{host.api}", "NO_PROXY": "127.0.0.1"})
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    config = {"slug": "north", "write_key": WRITE, "read_key": READ, "token": BOTH}
    added, second, all_of_them = run(config, ["addWebhook", hook()], ["addWebhook", hook(event="media.created")], ["getWebhooks", None])
    webhook = added["webhook"]
    assert webhook == {"id": webhook["id"], "title": "Object created and published", "event": "object.created.published", "endpoint": ENDPOINT}
    assert all_of_them == {"webhooks": [webhook, second["webhook"]], "total": 2}
    deleted, again, rest = run(config, ["deleteWebhook", {"id": webhook["id"]}], ["deleteWebhook", {"id": webhook["id"]}], ["getWebhooks", None])
    assert deleted == {"status": "200", "message": "Webhook deleted."}
    assert again["status"] == 404 and rest == {"webhooks": [second["webhook"]], "total": 1}
    # Only a write key, only a token, and what is wrong: the client resolves with the error's body.
    assert "webhook" in run({"slug": "north", "write_key": WRITE}, ["addWebhook", hook()])[0]
    assert "webhook" in run({"slug": "north", "token": BOTH}, ["addWebhook", hook()])[0]
    assert run({"slug": "north"}, ["getWebhooks", None], ["addWebhook", hook()]) == [{"status": 401, "message": "Unauthorized: your access key is missing or incorrect."}] * 2
    assert run({"slug": "north", "token": READ}, ["addWebhook", hook()])[0]["status"] == 403
    assert run({"slug": "west", "token": BOTH}, ["getWebhooks", None])[0]["status"] == 404
    assert run(config, ["addWebhook", {"event": "object.deleted"}])[0] == {"status": 400, "message": "endpoint is required."}
    assert listed(host)["total"] == 3


# ---- durable


def test_what_was_answered_survives_a_kill(host):
    webhook = add(host)
    gone = add(host)
    assert remove(host, gone)[0] == 200
    host.kill()
    host.start()
    assert listed(host)["webhooks"] == [webhook]
