"""ShareActor's management API: who may ask, and what is refused without changing anything."""

import json
import re
import time

import pytest
from harness import request
from shareactor_api import ACCOUNT, ENDPOINT, ID, OTHER, OTHER_ACCOUNT, OTHER_COMPANY, READER, READER_ACCOUNT, Api, api, client, host, jwt, oid  # noqa: F401, F811: fixtures

pytestmark = pytest.mark.sanitized


ROUTES = [("POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"}, 200), ("GET", "/webhooks", None, 200), ("GET", "/webhooks/search?query=x", None, 200),
          ("GET", "/webhooks/@", None, 200), ("PUT", "/webhooks/@", {"event_type": "plan.created"}, 200), ("POST", "/webhooks/@/verify", None, 200),
          ("POST", "/webhooks/@/simulate", None, 409), ("DELETE", "/webhooks/@", None, 200), ("GET", "/events", None, 200), ("GET", "/events/search?query=order", None, 200),
          ("GET", "/events/#", None, 200)]


@pytest.mark.parametrize("method, path, body, right", ROUTES)
def test_every_route_asks_for_a_credential(client, method, path, body, right):
    webhook, event = client.create(), client.good("GET", "/events?size=1")[0]
    path = path.replace("@", oid(webhook)).replace("#", oid(event))
    kind = [("Content-Type", "application/json")]
    count = client.total()
    for headers in ([], [("X-Share-Api-Key", ID)], [("Authorization", f"Bearer {ACCOUNT}")], [("X-Share-Api-Key", ID), ("Authorization", "Bearer ")],
                    [("X-Share-Api-Key", ID), ("Authorization", f"Basic {ACCOUNT}")], [("X-Share-Api-Key", ""), ("Authorization", f"Bearer {ACCOUNT}")],
                    [("X-Share-Api-Key", ID), ("Authorization", "Bearer wrong")], [("X-Share-Api-Key", "wrong"), ("Authorization", f"Bearer {ACCOUNT}")],
                    [("X-Share-Api-Key", ID), ("Authorization", f"Bearer {OTHER_ACCOUNT}")], [("X-Share-Api-Key", OTHER), ("Authorization", f"Bearer {ACCOUNT}")]):
        refused = client.bad(401, method, path, body, headers + kind)
        assert client.reply.header("www-authenticate") == "Bearer" and ACCOUNT not in json.dumps(refused)
    reader = Api(client.host, READER, READER_ACCOUNT)
    if method == "GET":
        assert reader.ask(method, path, body)[0] == right
    else:
        reader.bad(403, method, path, body)
    assert client.total() == count and client.good("GET", f"/webhooks/{oid(webhook)}") == webhook
    assert client.ask(method, path, body)[0] == right


@pytest.mark.parametrize("name", ["X-Share-Api-Key", "X-Share-API-Key", "x-kvass-api-key", "X-Kvass-Api-Key", "X-Builton-API-Key", "X-BUILTON-API-KEY"])
def test_the_key_goes_by_the_names_it_has_had(client, name):
    assert client.ask("GET", "/webhooks", None, [(name, ID), ("authorization", f"bearer {ACCOUNT}")])[0] == 200


NOW = int(time.time())


@pytest.mark.parametrize("claims", [{}, {"exp": 3600}, {"exp": -20}, {"nbf": -1, "iat": -1, "exp": 9e8}, {"nbf": 20}, {"iat": 0.5}])
def test_a_token_signed_by_the_account_is_taken(host, claims):
    now = time.time()
    token = jwt({"sub": "someone"} | {name: now + seconds for name, seconds in claims.items()})
    assert Api(host, bearer=token).ask("GET", "/webhooks")[0] == 200


OTHER_TOKENS = [
    jwt({"exp": NOW - 120}), jwt({"nbf": NOW + 3600}), jwt({"iat": NOW + 3600}), jwt({"exp": str(NOW + 3600)}), jwt({"nbf": None}), jwt({"exp": True}),
    jwt(secret="wrong"), jwt(secret=OTHER_ACCOUNT), jwt(secret=""), jwt(header={"alg": "none"}), jwt(header={"alg": "HS512"}), jwt(header={"alg": "hs256"}),
    jwt(header={"typ": "JWT"}), jwt(header={"alg": "RS256"}), jwt(header={"alg": ["HS256"]}), jwt(header={"alg": "HS256", "crit": ["b64"], "b64": False}), jwt([1]),
    jwt().rsplit(".", 1)[0] + ".", jwt().rsplit(".", 1)[0], jwt() + ".x", jwt() + "A", jwt()[:-1], ".".join(["", "", jwt().split(".")[2]]), "..", "a.b.c",
    jwt({"x": "y" * 9000})]


@pytest.mark.parametrize("number", range(len(OTHER_TOKENS)))
def test_any_other_token_is_refused(host, number):
    Api(host, bearer=OTHER_TOKENS[number]).bad(401, "GET", "/webhooks")


def test_tenants_do_not_see_each_other(host):
    one, two = Api(host), Api(host, OTHER, OTHER_ACCOUNT)
    mine, theirs = one.create(), two.create()
    assert theirs["company"] == {"$oid": OTHER_COMPANY}
    for mine_, api_ in ((mine, two), (theirs, one)):
        path = f"/webhooks/{oid(mine_)}"
        assert path not in [f"/webhooks/{oid(each)}" for each in api_.good("GET", "/webhooks?size=500")]
        assert api_.good("GET", f"/webhooks/search?query={oid(mine_)}") == []
        for method, body in (("GET", None), ("PUT", {"event_type": "plan.created"}), ("DELETE", None)):
            api_.bad(404, method, path, body)
        api_.bad(404, "POST", path + "/verify")
        api_.bad(404, "POST", path + "/simulate")
    assert one.good("GET", f"/webhooks/{oid(mine)}") == mine and two.good("GET", f"/webhooks/{oid(theirs)}") == theirs


def test_no_credential_and_no_webhooks_secret_is_logged(host):
    client = Api(host)
    made = client.create(endpoint="http://127.0.0.2/?token=canary-in-a-query")
    Api(host, bearer="canary-bearer").bad(401, "GET", "/webhooks")
    logs = host.logs()
    for secret in (ACCOUNT, OTHER_ACCOUNT, made["secret"], "canary"):
        assert secret not in logs


# ---- what is refused


BAD_WEBHOOKS = [
    ({"event_type": "order.created"}, "endpoint"), ({"endpoint": ENDPOINT}, "event_type"), ({}, "endpoint"),
    *[({"endpoint": value, "event_type": "order.created"}, "endpoint") for value in (
        None, 7, True, [], {}, "", "nonsense", "ftp://127.0.0.2/", "//127.0.0.2/", "http://", "http://user:pw@127.0.0.2/", "http://127.0.0.2/#f",
        "http://127.0.0.2/a\r\nX-Evil: 1", "http://127.0.0.2/ x", "http://127.0.0.2:22/", "http://127.0.0.1/", "http://[::1]/", "http://0x7f000001/", "http://2130706433/",
        "http://127.1/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://192.168.1.1/", "http://localhost:8080/", "http://[::ffff:10.0.0.1]/",
        "http://127.0.0.2/" + "x" * 2048, "javascript:alert(1)", "file:///etc/passwd", "http://exa\u0000mple.com/")],
    *[({"endpoint": ENDPOINT, "event_type": value}, "event_type") for value in (
        None, 7, False, [], ["order.created"], "", "order.*", "*", "order", "order.creatd", "no.such", "order.created\r\n", "parcel.", "parcel.a.b", "x" * 5000)],
    *[({"endpoint": ENDPOINT, "event_type": "order.created", "active": value}, "active") for value in (None, 0, 1, "true", [])],
    ({"endpoint": ENDPOINT, "event_type": "order.created", "note": "x" * 66000}, "body"), ({"endpoint": ENDPOINT, "event_type": "order.created", "n" * 300: 1}, "body"),
]


@pytest.mark.parametrize("number", range(len(BAD_WEBHOOKS)))
def test_a_wrong_webhook_is_refused_by_field_and_changes_nothing(client, number):
    body, field = BAD_WEBHOOKS[number]
    before = client.total()
    made = client.create()
    path = f"/webhooks/{oid(made)}"
    for method, where in (("POST", "/webhooks"), ("PUT", path)):
        asked = dict(body)
        if method == "PUT" and field not in body and field != "body":
            asked[field] = None
        if "\0" in str(asked.get("endpoint")):
            client.bad(400, method, where, asked)  # jansson knows no NUL: the body is refused as a whole
            continue
        errors = client.bad(400, method, where, asked)["errors"]
        assert errors[field] and "127.0.0.1" not in errors[field]
    assert client.good("GET", path) == made and client.total() == before + 1
    client.good("DELETE", path)


def test_all_that_is_wrong_is_told_at_once(client):
    assert set(client.bad(400, "POST", "/webhooks", {"event_type": 1, "active": 2})["errors"]) == {"endpoint", "event_type", "active"}


def test_a_refused_name_does_not_tell_where_it_leads(client):
    error = client.bad(400, "POST", "/webhooks", {"endpoint": "http://localhost:8080/", "event_type": "order.created"})["errors"]["endpoint"]
    assert not re.search(r"[0-9]|::|loopback|private", error)
    assert client.create(endpoint="http://no-such-name.invalid/")["endpoint"] == "http://no-such-name.invalid/"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b'"x"', b"{", b'{"endpoint":}', b"\xff\xfe", b'{"a":1,"a":2}', b"endpoint=x&event_type=y", b"[" * 5000, b"{} x"])
def test_a_body_that_is_no_object_is_400(client, body):
    made = client.create()
    for method, path in (("POST", "/webhooks"), ("PUT", f"/webhooks/{oid(made)}")):
        client.bad(400, method, path, body)
    assert client.good("GET", f"/webhooks/{oid(made)}") == made


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "json", ""])
def test_a_body_of_another_kind_is_415(client, kind):
    before = client.total()
    headers = [*client.headers[:2], ("Content-Type", kind)]
    client.bad(415, "POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"}, headers)
    assert client.total() == before


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"])
def test_json_by_another_spelling_is_taken(client, kind):
    headers = [*client.headers[:2], ("Content-Type", kind)]
    assert client.ask("POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"}, headers)[0] == 200


def test_a_large_body_is_413(client):
    before = client.total()
    body = json.dumps({"endpoint": ENDPOINT, "event_type": "order.created", "x": "y" * (1 << 20)})
    reply = request(client.host.manage, "POST", "/webhooks", body, client.headers)
    assert reply.status == 413
    assert client.total() == before


@pytest.mark.parametrize("query", ["size=0", "size=-1", "size=x", "size=", "size=501", "size=1e2", "size=99999999999999999999", "page=-1", "page=x", "page=1.5", "page=99999999999",
                                   "sort=secret", "sort=-", "sort=created,modified", "sort=nonsense", "sort=created;drop"])
def test_a_wrong_page_is_400_by_parameter(client, query):
    assert list(client.bad(400, "GET", f"/webhooks?{query}")["errors"]) == [query.split("=")[0]]
    assert list(client.bad(400, "GET", f"/events?{query}")["errors"]) == [query.split("=")[0]]


@pytest.mark.parametrize("path", ["/webhooks/nonsense", "/webhooks/" + "0" * 24, "/webhooks/" + "0" * 23, "/webhooks/%22", "/webhooks/..", "/events/nonsense", "/events/" + "0" * 24,
                                  "/events/" + "f" * 24, "/webhooks/" + "a" * 3000])
def test_what_is_not_there_is_404(client, path):
    client.bad(404, "GET", path)


@pytest.mark.parametrize("method, path, allow", [("PATCH", "/webhooks", "GET, POST"), ("DELETE", "/webhooks", "GET, POST"), ("POST", "/webhooks/@", "GET, PUT, DELETE"),
                                                 ("GET", "/webhooks/@/verify", "POST"), ("PUT", "/webhooks/@/simulate", "POST"), ("POST", "/events", "GET"),
                                                 ("DELETE", "/events/@", "GET"), ("OPTIONS", "/webhooks", "GET, POST"), ("POST", "/webhooks/search", "GET")])
def test_another_method_is_405(client, method, path, allow):
    client.bad(405, method, path.replace("@", "0" * 24))
    assert client.reply.header("allow") == allow


@pytest.mark.parametrize("path", ["/", "/webhook", "/webhooksx", "/webhooks//", "/webhooks/a/b", "/webhooks/a/verify/b", "/events/a/b", "/orders", "/Webhooks"])
def test_other_paths_are_not_the_apis(host, path):
    assert b'"error":' in request(host.manage, "GET", path).body  # the admin API's answer
