"""Cockpit's webhooks: the backend's endpoints, the same under /api, and lists as JSON."""

import base64
import contextlib
import json
import re
import sqlite3
import time

import pytest
from harness import Trotline, Upstream, free_port, request, response
from management import admin_table, api_table, ask, env_of

BOTH, READ, WRITE, OTHER = "account-0123456789abcdef", "token-that-only-reads", "token-that-only-writes", "token-of-another-site"
URL = "http://receiver.example/hook"
CANARY = "canary-pass-8d2f"
HOOK = '\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'


def config(folder, port, more=""):
    first = api_table("site", "cockpit", {"all": (BOTH, "read_write"), "reader": (READ, "read"), "writer": (WRITE, "write")})
    other = api_table("other", "cockpit", {"all": (OTHER, "read_write")}, more="most = 2")
    return 'dialects = ["cockpit"]\n' + admin_table(folder, port) + first + other + HOOK + more


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cockpit")
    port = free_port()
    with Upstream(lambda _: response(200, b'{"upstream":true}')) as upstream:
        with Trotline(config(folder, port), upstream=upstream.url, env=env_of(BOTH, READ, WRITE, OTHER)) as running:
            running.api, running.admin = running.port, port
            yield running


def whole(**members):
    return {"name": "ui made", "url": URL, "events": ["collections.save.after"], "active": True, "headers": [], "auth": {"user": "", "pass": ""}, **members}


def save(host, webhook=None, token=BOTH, path="/webhooks/save"):
    return ask(host.api, "POST", path, {"webhook": whole() if webhook is None else webhook}, {"Cockpit-Token": token})


def saved(host, webhook=None, token=BOTH):
    status, answer, reply = save(host, webhook, token)
    assert status == 200, reply
    return answer


def listed(host, token=BOTH, query=""):
    status, answer, reply = ask(host.api, "GET", "/webhooks" + query, headers={"Cockpit-Token": token})
    assert status == 200 and isinstance(answer, list), reply
    return answer


def remove(host, webhook, token=BOTH):
    return ask(host.api, "POST", "/webhooks/remove", {"webhook": {"_id": webhook["_id"]}}, {"Cockpit-Token": token})


@pytest.fixture(autouse=True)
def _clean(host):
    yield
    for token in (BOTH, OTHER):
        for webhook in listed(host, token):
            assert remove(host, webhook, token)[0] == 200


def refused(answered, status):
    got, answer, reply = answered
    assert got == status and list(answer) == ["error"] and answer["error"], reply
    assert reply.header("content-type") == "application/json"
    return answer["error"]


def row(host, webhook):
    """(state, reason, title, topics, document, settings) as the store has them."""
    with contextlib.closing(sqlite3.connect(f"file:{host.store}/trotline.db?mode=ro", uri=True)) as store:
        return store.execute("SELECT s.state, s.reason, m.title, s.topics, m.document, m.settings FROM subscriptions s JOIN managed m ON m.number = s.number "
                             "WHERE s.name = ?", (webhook["_id"],)).fetchone()


# ---- the recorded exchange, and the rest of the object's life


def test_save_as_recorded(host):
    before = int(time.time())
    webhook = saved(host)
    assert list(webhook) == ["name", "url", "events", "active", "headers", "auth", "_modified", "_created", "_id"]  # traffic/cockpit1/40
    assert {name: webhook[name] for name in whole()} == whole() and re.fullmatch("[0-9a-f]{24}", webhook["_id"])
    assert before <= webhook["_created"] == webhook["_modified"] <= int(time.time())
    assert int(webhook["_id"][:8], 16) in (webhook["_created"], webhook["_created"] - 1)


def test_as_php_spells_json(host):
    reply = save(host, whole(name="Größe/日本"))[2]
    assert b'"name":"Gr\\u00F6\\u00DFe\\/\\u65E5\\u672C"'.lower() in reply.body.lower() and b"http:\\/\\/receiver.example\\/hook" in reply.body


def test_list_one_change_and_remove(host):
    webhook = saved(host, whole(name="b", headers=[{"k": "X-A", "v": "1"}], color="red"))
    first = saved(host, whole(name="a"))
    assert listed(host) == [first, webhook] and listed(host, query="?limit=1&skip=1") == [webhook]
    assert ask(host.api, "GET", f"/webhooks/webhook/{webhook['_id']}", headers={"Cockpit-Token": READ})[:2] == (200, webhook)
    # Members that are sent replace those that are there; the rest stays.
    changed = saved(host, {"_id": webhook["_id"], "name": "c", "_created": 1, "_modified": 1})
    assert changed == {**webhook, "name": "c", "_modified": changed["_modified"]} and changed["_modified"] >= webhook["_modified"]
    again = saved(host, {**changed, "url": "https://receiver.example/other", "headers": [], "note": {"deep": [1, None]}})
    assert again == {**changed, "url": "https://receiver.example/other", "headers": [], "note": {"deep": [1, None]}, "_modified": again["_modified"]}
    assert listed(host) == [first, again]
    status, answer, reply = remove(host, again)
    assert (status, reply.body, answer) == (200, b"1", 1)
    assert remove(host, again)[2].body == b"1" and listed(host) == [first]
    refused(ask(host.api, "GET", f"/webhooks/webhook/{again['_id']}", headers={"Cockpit-Token": BOTH}), 404)


def test_the_form_for_a_new_one(host):
    blank = {"name": "", "url": "", "auth": {"user": "", "pass": ""}, "headers": [], "events": [], "active": True}
    assert ask(host.api, "GET", "/webhooks/webhook", headers={"Cockpit-Token": BOTH})[:2] == (200, blank)
    webhook = saved(host, {**blank, "name": "n", "url": URL})
    assert webhook["events"] == [] and row(host, webhook)[:2] == (1, "paused through its API")
    assert saved(host, {"name": "least", "url": URL})["active"] is True


def test_the_twins_under_api(host):
    status, webhook, _ = ask(host.api, "POST", f"/api/webhooks/save?token={BOTH}", {"webhook": whole()})
    assert status == 200
    assert ask(host.api, "GET", f"/api/webhooks?token={READ}")[:2] == (200, [webhook]) == ask(host.api, "GET", f"/webhooks/?token={READ}")[:2]
    assert ask(host.api, "GET", f"/api/webhooks/webhook/{webhook['_id'].upper()}?token={READ}")[:2] == (200, webhook)
    assert ask(host.api, "POST", "/api/webhooks/remove", {"token": BOTH, "webhook": {"_id": webhook["_id"]}})[:2] == (200, 1)
    assert listed(host) == []


# ---- what a delivery is made from


def test_what_is_secret_lies_in_the_settings(host):
    members = {"auth": {"user": "u", "pass": CANARY, "realm": "x"}, "headers": [{"k": "X-Token", "v": "canary-header"}, {"k": "", "v": "canary-nameless"}, {"k": "X-Empty", "v": ""}]}
    webhook = saved(host, whole(name="hook's name", **members))
    state, reason, title, topics, document, settings = row(host, webhook)
    assert (state, reason, title, topics) == (0, "", "hook's name", "collections.save.after")
    document, settings = bytes(document).decode(), json.loads(bytes(settings))
    assert "canary" not in document and settings["headers"] == [["X-Token", "canary-header"]]
    assert settings["authorization"] == "Basic " + base64.b64encode(f"u:{CANARY}".encode()).decode()
    assert {name: webhook[name] for name in members} == members and listed(host) == [webhook]
    # A change of something else keeps them, and an empty half turns them off.
    assert saved(host, {"_id": webhook["_id"], "name": "other"})["auth"] == members["auth"]
    assert json.loads(bytes(row(host, webhook)[5]))["authorization"]
    saved(host, {"_id": webhook["_id"], "auth": {"user": "u", "pass": ""}})
    assert json.loads(bytes(row(host, webhook)[5]))["authorization"] == ""
    assert "canary" not in host.logs()


def test_active_is_a_pause(host):
    webhook = saved(host, whole(active=False))
    assert webhook["active"] is False and row(host, webhook)[:2] == (1, "paused through its API")
    assert saved(host, {"_id": webhook["_id"], "active": True})["active"] is True and row(host, webhook)[:2] == (0, "")
    assert saved(host, {"_id": webhook["_id"], "events": []})["active"] is True and row(host, webhook)[:2] == (1, "paused through its API")
    assert saved(host, {"_id": webhook["_id"], "events": ["order.created"], "active": 1})["active"] is True and row(host, webhook)[:2] == (0, "")
    assert saved(host, {"_id": webhook["_id"], "active": None})["active"] is False and row(host, webhook)[0] == 1


def test_events_as_the_form_leaves_them(host):
    events = ["collections.save.after", "", " singleton.saveData.before ", "collections.save.after", "cockpit.bootstrap", "my-addon.thing_done"]
    webhook = saved(host, whole(events=events))
    assert webhook["events"] == events
    assert row(host, webhook)[3] == "collections.save.after,singleton.saveData.before,cockpit.bootstrap,my-addon.thing_done"


# ---- who may


ROUTES = [(method, prefix + path) for prefix in ("", "/api") for method, path in (("GET", "/webhooks"), ("GET", "/webhooks/webhook"), ("GET", "/webhooks/webhook/ID"),
                                                                                   ("POST", "/webhooks/save"), ("POST", "/webhooks/remove"))]


def ways(method, token):
    """Every way to show a token: (query, headers, body)."""
    yield f"?token={token}", {}, {}
    yield "", {"Cockpit-Token": token}, {}
    yield "", {"Authorization": f"Bearer {token}"}, {}
    if method == "POST":
        yield "", {}, {"token": token}


@pytest.mark.parametrize("method, path", ROUTES)
def test_every_route_and_every_credential(host, method, path):
    kept = saved(host)
    reads = method == "GET"
    for token, right in ((None, False), ("", False), ("wrong-token-of-nobody", False), (BOTH[:-1], False), (BOTH + "x", False),
                         (READ, reads), (WRITE, not reads), (BOTH, True)):
        for query, headers, body in ways(method, token) if token is not None else [("", {}, {})]:
            webhook = kept if reads or not right else saved(host)
            sent = {**body, "webhook": {"_id": webhook["_id"], "name": "by route"}} if method == "POST" else None
            before = listed(host)
            answered = ask(host.api, method, path.replace("ID", webhook["_id"]) + query, sent, headers)
            if right:
                assert answered[0] == 200, answered
            else:
                assert refused(answered, 401) == "Unauthorized" and listed(host) == before
    assert refused(ask(host.api, method, path, {} if method == "POST" else None, {"Cookie": "session=1", "X-Requested-With": "XMLHttpRequest"}), 401) == "Unauthorized"


def test_sites_are_apart(host):
    mine, theirs = saved(host), saved(host, token=OTHER)
    assert listed(host) == [mine] and listed(host, OTHER) == [theirs]
    refused(ask(host.api, "GET", f"/webhooks/webhook/{mine['_id']}", headers={"Cockpit-Token": OTHER}), 404)
    refused(save(host, {"_id": mine["_id"], "name": "taken"}, OTHER), 404)
    assert remove(host, mine, OTHER)[2].body == b"1" and listed(host) == [mine]


def test_the_limit_of_webhooks(host):
    for _ in range(2):
        saved(host, token=OTHER)
    assert "limit" in refused(save(host, token=OTHER), 412) and len(listed(host, OTHER)) == 2
    assert saved(host, {"_id": listed(host, OTHER)[0]["_id"], "name": "still changed"}, OTHER)["name"] == "still changed"


# ---- what is wrong


@pytest.mark.parametrize("method, path", [("POST", "/webhooks"), ("PUT", "/webhooks/save"), ("GET", "/webhooks/save"), ("DELETE", "/webhooks/webhook/x"), ("GET", "/webhooks/remove"),
                                          ("OPTIONS", "/api/webhooks")])
def test_other_methods(host, method, path):
    answered = ask(host.api, method, path, headers={"Cockpit-Token": BOTH})
    assert refused(answered, 405) and answered[2].header("allow") in ("POST", "GET, HEAD")


BAD = [
    ({"name": None}, "name is required"), ({"name": ""}, "name is required"), ({"name": "  "}, "name is required"), ({"name": 7}, "name must be"), ({"name": "a\r\nb"}, "line break"),
    ({"name": "x" * 1001}, "longer"), ({"url": None}, "url is required"), ({"url": ""}, "url is required"), ({"url": []}, "url must be"), ({"url": "nonsense"}, "url is refused"),
    ({"url": "gopher://receiver.example/"}, "url is refused"), ({"url": "http://receiver.example/" + "a" * 2048}, "2048"), ({"url": "http://receiver.example/\r\nX: y"}, "url is refused"),
    ({"url": "http://127.0.0.1/"}, "url is refused"), ({"url": "http://169.254.169.254/"}, "url is refused"), ({"url": "http://localhost/"}, "url is refused: it leads to where deliveries may not go"),
    ({"auth": "u:p"}, "auth must be"), ({"auth": [1]}, "auth must be"), ({"auth": {"user": 1, "pass": "x"}}, "auth.user must be"), ({"auth": {"user": "u", "pass": {}}}, "auth.pass must be"),
    ({"auth": {"user": "a:b", "pass": "x"}}, "colon"), ({"auth": {"user": "u\r\nX: y", "pass": "x"}}, "line break"), ({"auth": {"user": "u", "pass": "x" * 1001}}, "longer"),
    ({"headers": {}}, "headers must be"), ({"headers": "X: y"}, "headers must be"), ({"headers": ["X: y"]}, "headers must be"), ({"headers": [{"k": 1, "v": "x"}]}, "headers[0].k must be"),
    ({"headers": [{"k": "X-A", "v": "a"}, {"k": "X-B", "v": "a\r\nX: y"}]}, "headers[1].v"), ({"headers": [{"k": "X A", "v": "a"}]}, "token"), ({"headers": [{"k": "X-A\nB", "v": "a"}]}, "headers[0].k"),
    ({"headers": [{"k": "Host", "v": "a"}]}, "Host"), ({"headers": [{"k": "content-type", "v": "a"}]}, "content-type"), ({"headers": [{"k": "User-Agent", "v": "a"}]}, "User-Agent"),
    ({"headers": [{"k": "Transfer-Encoding", "v": "a"}]}, "Transfer-Encoding"), ({"headers": [{"k": "Trotline-X", "v": "a"}]}, "Trotline-X"),
    ({"headers": [{"k": "X-A", "v": "a" * 8193}]}, "longer"), ({"headers": [{"k": "X-A", "v": "a"}] * 101}, "more than"),
    ({"headers": [{"k": "Authorization", "v": "a"}], "auth": {"user": "u", "pass": "p"}}, "two for one"),
    ({"events": "a"}, "events must be"), ({"events": {}}, "events must be"), ({"events": [1]}, "events must be"), ({"events": ["a", "b c"]}, "events[1]"), ({"events": ["*"]}, "events[0]"),
    ({"events": ["collections.*"]}, "events[0]"), ({"events": ["trotline.subscription.disabled"]}, "events[0]"), ({"events": ["a\r\nb"]}, "events[0]"), ({"events": ["a" * 1001]}, "events[0]"),
    ({"events": ["a"] * 1001}, "more than"), ({"active": "yes"}, "active must be"), ({"active": 2}, "active must be"), ({"active": []}, "active must be"), ({"more": "x" * 70000}, "larger"),
]


@pytest.mark.parametrize("members, word", BAD)
def test_bad_members(host, members, word):
    assert word in refused(save(host, whole(**members)), 412)
    assert listed(host) == []
    webhook = saved(host)
    assert word in refused(save(host, {"_id": webhook["_id"], **members}), 412)
    assert listed(host) == [webhook]


@pytest.mark.parametrize("path", ["/webhooks/save", "/webhooks/remove"])
@pytest.mark.parametrize("body", [{}, {"webhook": None}, {"webhook": {}}, {"webhook": []}, {"webhook": "x"}, {"webhook": 1}, {"webhook": {"_id": 7}}, {"webhook": {"_id": ["a"]}}])
def test_no_webhook(host, path, body):
    webhook = saved(host)
    refused(ask(host.api, "POST", path, body, {"Cockpit-Token": BOTH}), 412)
    assert listed(host) == [webhook]


@pytest.mark.parametrize("name", ["x", "057e460c3130397a9a00023c", "%01", "..%2f..", "a" * 4000, "'%20OR%201=1"])
def test_an_id_that_there_is_not(host, name):
    webhook = saved(host)
    refused(ask(host.api, "GET", f"/webhooks/webhook/{name}", headers={"Cockpit-Token": BOTH}), 404)
    refused(save(host, {"_id": name, **whole()}), 404)
    assert remove(host, {"_id": name})[2].body == b"1" and listed(host) == [webhook]


@pytest.mark.parametrize("body, kind, status", [
    ("{", "application/json", 400), ("[]", "application/json", 400), ('"text"', "application/json", 400), ('{"webhook":{},"webhook":{}}', "application/json", 400),
    ('{"webhook":{"name":"a\\u0000b"}}', "application/json", 400), (b'{"webhook":{"name":"\xff"}}', "application/json", 400), ("[" * 100000, "application/json", 400),
    ("webhook[name]=x&webhook[url]=http%3A%2F%2Freceiver.example%2F", "application/x-www-form-urlencoded", 400), (json.dumps({"webhook": whole()}), "text/plain", 400),
    ("", "application/json", 412), (json.dumps({"webhook": whole(more="x" * (1 << 20))}), "application/json", 413),
])
def test_bad_bodies(host, body, kind, status):
    reply = request(host.api, "POST", "/webhooks/save", body, {"Content-Type": kind, "Cockpit-Token": BOTH})
    assert reply.status == status, reply
    if status != 413:
        refused((reply.status, json.loads(reply.body), reply), status)
    assert listed(host) == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "skip=-1", "skip="])
def test_bad_pages(host, query):
    assert "must be a number" in refused(ask(host.api, "GET", f"/webhooks?{query}", headers={"Cockpit-Token": BOTH}), 412)


# ---- durable


def test_what_was_answered_survives_a_kill(host):
    webhook = saved(host, whole(auth={"user": "u", "pass": CANARY}, color="red"))
    gone = saved(host)
    assert remove(host, gone)[0] == 200
    host.kill()
    host.start()
    assert listed(host) == [webhook]


def test_no_token_in_log_or_answer(host):
    saved(host)
    reply = request(host.api, "GET", f"/webhooks?token={BOTH}")
    for token in (BOTH, READ, WRITE, OTHER):
        assert token not in host.logs() and token.encode() not in reply.raw
