"""DatoCMS's management API: who may ask, what webhooks look like, what is refused, and that nothing is lost or shown to another."""

import json
import time

import pytest
from datocms_api import COUNTED, JSON, OTHER, READER, WRITER, Site, body_of, problems
from harness import trotline, wait_until

SEED = ["name", "url", "http_basic_user", "http_basic_password", "headers", "events"]
NEWER = ["custom_payload", "enabled", "payload_api_version", "nested_items_in_payload", "auto_retry"]
ROUTES = [("GET", "/webhooks", "read"), ("POST", "/webhooks", "write"), ("GET", "/webhooks/@", "read"), ("PUT", "/webhooks/@", "write"),
          ("GET", "/webhook_calls", "read"), ("GET", "/webhook_calls/1", "read"), ("POST", "/webhook_calls/1/resend_webhook", "write"),
          ("DELETE", "/webhooks/@", "write")]


@pytest.fixture(scope="module")
def site():
    with Site() as running:
        yield running


# ---- who may ask


@pytest.mark.parametrize(("method", "path", "needs"), ROUTES)
def test_credentials(site, method, path, needs):
    webhook = site.create()["id"]
    target = path.replace("@", webhook)
    body = json.dumps(body_of(site.wanted() if method == "POST" else {"headers": {}})).encode() if method in ("POST", "PUT") else None
    before = site.get("/webhooks")

    def tried(authorization):
        reply = wait_until(lambda: reply if (reply := site.raw(method, target, body, [("Content-Type", "application/json"), *authorization])).status != 429
                           else None, 10, "an answer other than 429")
        return reply

    for authorization in ([], [("Authorization", "Bearer wrong-token-1234")], [("Authorization", f"Basic {WRITER}")], [("Authorization", WRITER)],
                          [("Authorization", "Bearer")], [("Authorization", "Bearer " + WRITER[:-1])], [("Authorization", f"Bearer {WRITER}5")]):
        problems(tried(authorization), 401, "INVALID_AUTHORIZATION_HEADER")
    lacking, right = (WRITER, READER) if needs == "read" else (READER, WRITER)
    problems(tried([("Authorization", f"Bearer {lacking}")]), 403, "INSUFFICIENT_PERMISSIONS")
    assert site.get("/webhooks") == before
    found = tried([("Authorization", f"bearer {right}")])
    if path.startswith("/webhook_calls/"):
        problems(found, 404, "NOT_FOUND")
    else:
        assert found.status == 200, found


def test_what_is_no_route_is_the_upstreams(site):
    for target in ("/webhook", "/webhooks/1/calls", "/webhook_calls/1/resend", "/items/1"):
        assert json.loads(site.raw("GET", target).body) == {"asked": target}
    for method, target in (("PATCH", "/webhooks/1"), ("DELETE", "/webhooks"), ("PUT", "/webhook_calls/1"), ("GET", "/webhook_calls/1/resend_webhook")):
        problems(site.ask(method, target), 404, "NOT_FOUND")


def test_requests_are_counted(site):
    for left in range(29, -1, -1):
        reply = site.ask("GET", "/webhooks/0", token=COUNTED)
        assert reply.status == 404
        assert (reply.header("x-ratelimit-limit"), reply.header("x-ratelimit-remaining"), reply.header("x-ratelimit-reset")) == ("30", str(left), None)
    reply = site.ask("POST", "/webhooks", body_of(site.wanted(name="one too many")), token=COUNTED)
    assert problems(reply, 429, "RATE_LIMIT_EXCEEDED") == [{}]
    assert reply.header("x-ratelimit-remaining") == "0" and 1 <= int(reply.header("x-ratelimit-reset")) <= 3
    assert "one too many" not in [each["attributes"]["name"] for each in site.get("/webhooks")["data"]]  # others go on
    time.sleep(int(reply.header("x-ratelimit-reset")))
    assert site.ask("GET", "/webhooks", token=COUNTED).header("x-ratelimit-remaining") == "29"


# ---- what webhooks look like


def test_seed_shape(site):
    filtered = {"entity_type": "item_type", "event_types": ["update", "create"], "filter": {"entity_type": "item_type", "entity_ids": ["42", "43"]}}
    given = {"name": "Item type creation/update", "url": "https://www.example.com/webhook", "headers": {"X-Foo": "Bar"}, "events": [filtered],
             "http_basic_user": "user", "http_basic_password": "password"}
    reply = site.ask("POST", "/webhooks", body_of(given), version="2")
    assert reply.status == 200 and reply.header("content-type") == JSON
    assert reply.header("cache-control") == "max-age=0, private, must-revalidate" and reply.all("cache-control") == [reply.header("cache-control")]
    data = json.loads(reply.body)["data"]
    assert list(data) == ["type", "id", "attributes"] and data["type"] == "webhook" and data["id"].isdecimal()
    assert list(data["attributes"]) == SEED and data["attributes"] == given
    target = f"/webhooks/{data['id']}"
    assert site.get(target, version="2")["data"] == data
    assert data in site.get("/webhooks", version="2")["data"]
    newer = site.get(target)["data"]["attributes"]
    assert list(newer) == SEED + NEWER
    assert newer["events"] == [{"entity_type": "item_type", "event_types": ["update", "create"], "filters": [filtered["filter"]]}]
    assert [newer[name] for name in NEWER] == [None, True, "3", False, False]
    deleted = site.ask("DELETE", target, version="2")
    assert (deleted.status, json.loads(deleted.body)["data"]) == (200, data)
    problems(site.ask("GET", target), 404, "NOT_FOUND")
    problems(site.ask("DELETE", target), 404, "NOT_FOUND")
    problems(site.ask("PUT", target, body_of({})), 404, "NOT_FOUND")


def test_ids_are_never_given_twice(site):
    first, second = site.create()["id"], site.create()["id"]
    assert int(second) == int(first) + 1
    assert site.ask("DELETE", f"/webhooks/{second}").status == 200
    assert int(site.create()["id"]) == int(second) + 1


def test_every_attribute(site):
    given = site.wanted(url="https://www.example.com/{{entity_type}}?id={{entity.id}}", headers={"X-A": "1", "Content-Type": "text/plain"},
                        events=[{"entity_type": "item", "event_types": ["update", "publish"],
                                 "filters": [{"entity_type": "item_type", "entity_ids": ["44"]}, {"entity_type": "environment", "entity_ids": ["main", "x"]}]},
                                {"entity_type": "build_trigger", "event_types": ["deploy_started"], "filters": None},
                                {"entity_type": "upload", "event_types": ["create"], "filters": [{"entity_type": "environment_type", "entity_ids": ["sandbox"]}]},
                                {"entity_type": "cda_cache_tags", "event_types": ["invalidate"], "filters": None}],
                        http_basic_user="us er", http_basic_password="p:w", custom_payload='{"a":"{{#entity}}{{id}}{{/entity}}"}',
                        enabled=False, payload_api_version="2", nested_items_in_payload=True, auto_retry=True)
    made = site.create(**given)
    assert made["attributes"] == given
    assert site.get(f"/webhooks/{made['id']}")["data"] == made


def test_several_filters_survive_the_old_version(site):
    filters = [{"entity_type": "item_type", "entity_ids": ["1"]}, {"entity_type": "environment", "entity_ids": ["main"]}]
    made = site.create(events=[{"entity_type": "item", "event_types": ["create"], "filters": filters}])
    old = site.get(f"/webhooks/{made['id']}", version="2")["data"]["attributes"]["events"]
    assert old[0]["filter"] == filters[0]
    site.update(made["id"], version="2", events=old)
    assert site.get(f"/webhooks/{made['id']}")["data"] == made


def test_updates_are_partial(site):
    made = site.create(http_basic_user="u", http_basic_password="p", headers={"X-A": "1"}, custom_payload="x", auto_retry=True)
    target = f"/webhooks/{made['id']}"
    wanted = dict(made["attributes"])

    def changed(**attributes):
        wanted.update(attributes)
        assert site.update(made["id"], **attributes)["attributes"] == wanted
        assert site.get(target)["data"]["attributes"] == wanted

    changed(name="another name")
    changed(http_basic_user="v")  # the password stays
    changed(http_basic_password=None)
    changed(http_basic_password="")
    changed(http_basic_user=None, http_basic_password=None)
    changed(custom_payload=None)
    changed(headers={"Content-Type": "text/x-a"})
    changed(headers={})
    changed(enabled=False)
    changed(events=[])
    changed(auto_retry=False, nested_items_in_payload=True, payload_api_version="2")
    changed(url="https://www.example.com/other")
    changed()


def test_unknown_attributes_survive(site):
    for version in ("2", "3"):
        more = {"colour": {"b": [1, None], "a": "ü"}, "zero": None}
        made = site.create(version=version, **more)
        assert {name: made["attributes"][name] for name in more} == more
        site.update(made["id"], version=version, name=made["attributes"]["name"] + " 2")
        again = site.update(made["id"], version=version, zero=1)["attributes"]
        assert (again["colour"], again["zero"]) == (more["colour"], 1)
        assert again["events"][0]["entity_type"] == "item"


def test_unknown_members_of_events_survive(site):
    made = site.create(events=[{"entity_type": "item", "event_types": ["create"], "note": [1], "filters": [{"entity_type": "item", "entity_ids": ["1"], "x": 2}]}])
    assert made["attributes"]["events"][0] == {"entity_type": "item", "event_types": ["create"], "note": [1],
                                               "filters": [{"entity_type": "item", "entity_ids": ["1"], "x": 2}]}


# ---- what is refused


def unchanged(site, ask):
    before = site.get("/webhooks")
    reply = ask()
    assert site.get("/webhooks") == before
    return reply


FILTER = {"entity_type": "item_type", "entity_ids": ["1"]}


def entry(**members):
    return [{"entity_type": "item", "event_types": ["create"], **members}]


BAD = [
    ("name", ..., "VALIDATION_REQUIRED"), ("name", "", "VALIDATION_REQUIRED"), ("name", 7, "VALIDATION_FORMAT"), ("name", None, "VALIDATION_FORMAT"),
    ("name", "x" * 1001, "VALIDATION_LENGTH"), ("name", "a\r\nb", "VALIDATION_FORMAT"),
    ("url", ..., "VALIDATION_REQUIRED"), ("url", "", "VALIDATION_REQUIRED"), ("url", 7, "VALIDATION_FORMAT"), ("url", ["x"], "VALIDATION_FORMAT"),
    ("url", "https://www.example.com/" + "x" * 2048, "VALIDATION_LENGTH"),
    ("headers", ..., "VALIDATION_REQUIRED"), ("headers", None, "VALIDATION_FORMAT"), ("headers", ["a"], "VALIDATION_FORMAT"),
    ("headers", {"X-A": 1}, "VALIDATION_FORMAT"), ("headers", {"X A": "1"}, "VALIDATION_FORMAT"), ("headers", {"X-A\r\nX-B": "1"}, "VALIDATION_FORMAT"),
    ("headers", {"X-A": "1\r\nX-B: 2"}, "VALIDATION_FORMAT"), ("headers", {"X-A": "1", "x-a": "2"}, "VALIDATION_FORMAT"), ("headers", {"": "1"}, "VALIDATION_FORMAT"),
    ("headers", {"Host": "x"}, "VALIDATION_FORMAT"), ("headers", {"Content-Length": "1"}, "VALIDATION_FORMAT"), ("headers", {"Transfer-Encoding": "x"}, "VALIDATION_FORMAT"),
    ("headers", {"User-Agent": "x"}, "VALIDATION_FORMAT"), ("headers", {"webhook-signature": "x"}, "VALIDATION_FORMAT"),
    ("headers", {"Content-Type": "x\r\ny: z"}, "VALIDATION_FORMAT"), ("headers", {"X-A": "x" * 4097}, "VALIDATION_LENGTH"),
    ("headers", {f"X-{n}": "1" for n in range(51)}, "VALIDATION_LENGTH"),
    ("events", ..., "VALIDATION_REQUIRED"), ("events", None, "VALIDATION_FORMAT"), ("events", {}, "VALIDATION_FORMAT"), ("events", ["item"], "VALIDATION_FORMAT"),
    ("events", entry(entity_type="thing"), "VALIDATION_INCLUSION"), ("events", entry(entity_type=1), "VALIDATION_INCLUSION"),
    ("events", entry(event_types=[]), "VALIDATION_FORMAT"), ("events", entry(event_types="create"), "VALIDATION_FORMAT"),
    ("events", entry(event_types=["made"]), "VALIDATION_INCLUSION"), ("events", entry(event_types=[None]), "VALIDATION_INCLUSION"),
    ("events", entry(filters={}), "VALIDATION_FORMAT"), ("events", entry(filters=["x"]), "VALIDATION_INCLUSION"), ("events", entry(filter="x"), "VALIDATION_INCLUSION"),
    ("events", entry(filters=[{**FILTER, "entity_type": "upload"}]), "VALIDATION_INCLUSION"), ("events", entry(filters=[{**FILTER, "entity_ids": []}]), "VALIDATION_FORMAT"),
    ("events", entry(filters=[{**FILTER, "entity_ids": [1]}]), "VALIDATION_FORMAT"), ("events", entry(filters=[{**FILTER, "entity_ids": "1"}]), "VALIDATION_FORMAT"),
    ("events", entry(filters=[{**FILTER, "entity_type": "environment_type"}]), "VALIDATION_INCLUSION"),
    ("events", entry(filters=[{**FILTER, "entity_type": "build_trigger"}]), "VALIDATION_INCLUSION"), ("events", entry() * 101, "VALIDATION_LENGTH"),
    ("custom_payload", 7, "VALIDATION_FORMAT"), ("custom_payload", "{{#a}}", "VALIDATION_FORMAT"), ("custom_payload", "{{> a}}", "VALIDATION_FORMAT"),
    ("custom_payload", "x" * 16385, "VALIDATION_LENGTH"),
    ("enabled", "true", "VALIDATION_FORMAT"), ("enabled", None, "VALIDATION_FORMAT"), ("auto_retry", 1, "VALIDATION_FORMAT"), ("nested_items_in_payload", "no", "VALIDATION_FORMAT"),
    ("payload_api_version", "1", "VALIDATION_INCLUSION"), ("payload_api_version", 3, "VALIDATION_INCLUSION"),
    ("http_basic_user", 7, "VALIDATION_FORMAT"), ("http_basic_user", "a:b", "VALIDATION_FORMAT"), ("http_basic_user", "a\nb", "VALIDATION_FORMAT"),
    ("http_basic_user", "x" * 1001, "VALIDATION_LENGTH"), ("http_basic_password", False, "VALIDATION_FORMAT"), ("http_basic_password", "a\r", "VALIDATION_FORMAT"),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD, ids=[f"{n}-{field}" for n, (field, _, _) in enumerate(BAD)])
def test_bad_attributes(site, field, value, code):
    reply = unchanged(site, lambda: site.ask("POST", "/webhooks", body_of(site.wanted(**{field: value}))))
    details = problems(reply, 422, "INVALID_FIELD")
    assert [(each["field"], each["code"]) for each in details] == [(field, code)] and details[0]["message"]
    if value is not ...:
        webhook = site.create()["id"]
        reply = unchanged(site, lambda: site.ask("PUT", f"/webhooks/{webhook}", body_of({field: value})))
        assert problems(reply, 422, "INVALID_FIELD")[0]["field"] == field


def test_all_mistakes_at_once(site):
    details = problems(site.ask("POST", "/webhooks", body_of({"name": 7, "headers": [], "enabled": 0})), 422, "INVALID_FIELD")
    assert [each["field"] for each in details] == ["name", "url", "headers", "events", "enabled"]


def test_two_credentials_for_one(site):
    for attributes in ({"http_basic_user": "u", "headers": {"Authorization": "x"}}, {"http_basic_password": "p", "headers": {"authorization": "x"}}):
        assert problems(site.ask("POST", "/webhooks", body_of(site.wanted(**attributes))), 422, "INVALID_FIELD")[0]["field"] == "headers"
    made = site.create(headers={"Authorization": "x"})["id"]
    problems(site.ask("PUT", f"/webhooks/{made}", body_of({"http_basic_user": "u"})), 422, "INVALID_FIELD")


@pytest.mark.parametrize("url", [
    "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[fd00::1]/", "http://127.0.0.2/", "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/",
    "http://2130706433/", "http://0x7f.1/", "http://127.1/", "ftp://www.example.com/", "file:///etc/passwd", "gopher://www.example.com/", "javascript:alert(1)", "www.example.com",
    "https://user:pass@www.example.com/", "https://www.example.com/#a", "https://www.example.com:22/", "https://www.example.com/a b", "https://www.example.com/\r\nX: y",
    "https://www.example.com\\@10.0.0.1/", "https://{{host}}/", "https://{{entity.id}}.example.com/", "https://www.example.com/{{a", "https://www.example.com/{{#a}}",
    "https://www.example.com/{{>a}}", "https://www.example.com/{{a}}/../b", "http://10.0.0.1/{{entity.id}}", "https://www.example.com:{{port}}/"])
def test_hostile_urls(site, url):
    details = problems(unchanged(site, lambda: site.ask("POST", "/webhooks", body_of(site.wanted(url=url)))), 422, "INVALID_FIELD")
    assert [(each["field"], each["code"]) for each in details] == [("url", "VALIDATION_FORMAT")]
    assert not any(told in details[0]["message"] for told in ("10.0.0.1", "127.", "169.254", "fd00", "::1", "private", "loopback"))


def test_bad_bodies(site):
    right = json.dumps(body_of(site.wanted(name="never made")))
    webhook = site.create()["id"]
    formless = [(b"", 400), (b"{", 400), (b"[]", 422), (b"7", 422), (b"null", 422), (b"{}", 422), (b'{"data":[]}', 422), (b'{"data":{}}', 422), (b'{"data":{"type":"webhook"}}', 422),
                (b'{"data":{"type":"webhooks","attributes":{}}}', 422), (b'{"data":{"type":"webhook","attributes":[]}}', 422), (b'{"data":{"type":"webhook","attributes":null}}', 422),
                (right.replace('"type"', '"type":"webhook","type"', 1).encode(), 400), (b"[" * 100000, 400), (b'{"a":"\\u0000"}', 400)]
    for method, target in (("POST", "/webhooks"), ("PUT", f"/webhooks/{webhook}")):
        for body, status in formless:
            details = problems(unchanged(site, lambda m=method, t=target, b=body: site.ask(m, t, b)), status, "INVALID_FORMAT")
            assert details[0]["messages"]
        problems(unchanged(site, lambda m=method, t=target: site.ask(m, t, right.encode().replace(b"never", b"\xff"))), 400, "INVALID_UTF8")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; boundary=x"):
            reply = unchanged(site, lambda m=method, t=target, k=kind: site.ask(m, t, right, headers=[("Content-Type", k)]))
            problems(reply, 415, "INVALID_FORMAT")
        reply = unchanged(site, lambda m=method, t=target: site.ask(m, t, right[:-1] + " " * (1 << 20) + "}"))
        problems(reply, 413, "INVALID_FORMAT")
    problems(site.ask("PUT", f"/webhooks/{webhook}", body_of({"name": "x"}, "999999")), 422, "INVALID_FORMAT")
    for kind in ("application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"):
        assert site.ask("PUT", f"/webhooks/{webhook}", body_of({}), headers=[("Content-Type", kind)]).status == 200


@pytest.mark.parametrize("version", ["1", "4", "", "3.0", "x"])
def test_unknown_versions(site, version):
    problems(site.ask("GET", "/webhooks", version=None, headers=[("X-Api-Version", version)]), 422, "INVALID_FORMAT")


def test_no_version_is_the_newest(site):
    made = site.create()
    assert site.get(f"/webhooks/{made['id']}", version=None)["data"] == made


@pytest.mark.parametrize("target", ["/webhooks/0", "/webhooks/-1", "/webhooks/x", "/webhooks/99999999999999999999", "/webhooks/1%27", "/webhooks/" + "9" * 3000,
                                    "/webhook_calls/x", "/webhook_calls/0", "/webhook_calls/-5", "/webhook_calls/1,2", "/webhook_calls/99999999999999999999"])
def test_ids_that_there_are_not(site, target):
    problems(site.ask("GET", target), 404, "NOT_FOUND")


def test_names_are_unique(site):
    first, second = site.create(), site.create()
    name = first["attributes"]["name"]
    for reply in (site.ask("POST", "/webhooks", body_of(site.wanted(name=name))), site.ask("PUT", f"/webhooks/{second['id']}", body_of({"name": name}))):
        details = problems(reply, 422, "INVALID_FIELD")
        assert [(each["field"], each["code"]) for each in details] == [("name", "VALIDATION_UNIQUE")]
    assert site.update(first["id"], name=name)["attributes"]["name"] == name  # its own
    assert site.create(name=name.upper())["id"]
    assert site.ask("DELETE", f"/webhooks/{first['id']}").status == 200
    assert site.update(second["id"], name=name)["attributes"]["name"] == name


# ---- tenants, durability, secrets


def test_sites_are_apart(site):
    mine = site.create()
    theirs = site.create(token=OTHER, name=mine["attributes"]["name"])
    seen = json.loads(site.ask("GET", "/webhooks", token=OTHER).body)["data"]
    assert seen == [theirs]
    only_mine = next(each["id"] for each in site.get("/webhooks")["data"] if each["id"] != theirs["id"])
    for method, body in (("GET", None), ("PUT", body_of({"name": "taken over"})), ("DELETE", None)):
        problems(site.ask(method, f"/webhooks/{only_mine}", body, token=OTHER), 404, "NOT_FOUND")
    assert "taken over" not in [each["attributes"]["name"] for each in site.get("/webhooks")["data"]]
    for _ in range(2):
        site.create(token=OTHER)
    problems(site.ask("POST", "/webhooks", body_of(site.wanted()), token=OTHER), 403, "PLAN_UPGRADE_REQUIRED")  # `most`


def test_made_is_durable():
    with Site() as site:
        made = site.create(http_basic_user="u", http_basic_password="p")
        kept = site.create()
        assert site.update(kept["id"], name="renamed")
        gone = site.create()["id"]
        assert site.ask("DELETE", f"/webhooks/{gone}").status == 200
        site.host.kill()
        site.host.start()
        listed = site.get("/webhooks")["data"]
        assert [each["id"] for each in listed] == [made["id"], kept["id"]] and listed[0] == made
        assert listed[1]["attributes"]["name"] == "renamed"


def test_no_secret_in_logs_or_lists():
    canary = "canary-7f3a"
    with Site() as site:
        site.create(http_basic_user="u", http_basic_password=canary, headers={"X-Key": canary}, custom_payload=canary, url=f"{site.sink.url}/?k={canary}")
        problems(site.ask("POST", "/webhooks", body_of(site.wanted(http_basic_password=canary + "\n"))), 422, "INVALID_FIELD")
        problems(site.ask("GET", "/webhooks", token=canary + "-wrong"), 401, "INVALID_AUTHORIZATION_HEADER")
        site.record()
        assert site.sink.wait(1)
        site.host.stop()
        assert canary not in site.host.logs()
        for listed in ("subscriptions", "deliveries", "attempts"):
            told = trotline(listed, "-c", site.host.config, "--json")
            assert told.returncode == 0 and told.stdout and canary not in told.stdout
