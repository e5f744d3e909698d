"""ShareActor's management API: webhooks and events, who may ask, what is refused, and that the vendor's own clients notice nothing."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import time

import pytest
from harness import ROOT, Sink, Trotline, Upstream, free_port, request, response, toml, wait_until

VERIFIERS = ROOT / "tests" / "verifiers"
COMPANY, OTHER_COMPANY = "57ee9c71d76d431f8511142f", "591ee15db70e2a10acb65362"
ID, ACCOUNT = "kvass-api-key", "service-account-key-of-many-letters"
READER, READER_ACCOUNT = "kvass-read-key", "another-service-account-key"
OTHER, OTHER_ACCOUNT = "other-company-key", "other-company-service-account"
ENDPOINT = "http://127.0.0.2/hook"  # allowed by the configuration, and nobody is there
ORDER = {"_id": {"$oid": "591ee163b70e2a10acb653a7"}, "human_id": "51Q4LN", "total_amount": 1200.0}

pytestmark = pytest.mark.sanitized


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims=None, secret=ACCOUNT, header=None):
    signed = b64(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims or {}).encode())
    return signed + "." + b64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def api(name, company, keys, more=""):
    text = f'\n[[api]]\nname = "{name}"\ndialect = "shareactor"\ntenant = "{company}"\n{more}\n'
    for key_id, secret, permission in keys:
        text += f'[[api.key]]\nid = "{key_id}"\nsecret = {{ env = "{secret}" }}\npermission = "{permission}"\n'
    return text


KEYS = {"ACCOUNT": ACCOUNT, "READER_ACCOUNT": READER_ACCOUNT, "OTHER_ACCOUNT": OTHER_ACCOUNT}


def config(folder, port, more=""):
    (folder / "token").write_text("0123456789abcdef0123456789abcdef\n")
    return (f'dialects = ["shareactor"]\n[admin]\nlisten = "127.0.0.1:{port}"\ntoken_file = {toml(folder / "token")}\n'
            '[egress]\nallow = ["127.0.0.2/32"]\n'
            '[[hook]]\ntopic = "parcel.{response:/state}"\nmatch = "POST /parcels"\nid = "response:/id"\n'
            + api("one", COMPANY, [(ID, "ACCOUNT", "read_write"), (READER, "READER_ACCOUNT", "read")])
            + api("two", OTHER_COMPANY, [(OTHER, "OTHER_ACCOUNT", "read_write")])
            + api("plain", COMPANY, [(ID, "ACCOUNT", "read_write")], 'prefix = "/plain"\noptions = { handshake = false, ids = "plain" }\nmost = 3') + more)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host (.manage is the port that answers) that has recorded three orders."""
    folder = tmp_path_factory.mktemp("shareactor")
    port = free_port()

    def answer(asked):
        body = json.loads(asked.body or b"{}")
        return response(200, json.dumps(ORDER | body), {"Content-Type": "application/json"})
    with Upstream(answer) as upstream, Trotline(config(folder, port), upstream=upstream.url, env=KEYS) as running:
        running.manage = port
        wait_until(lambda: "admin listening on" in running.logs(), 15, running.logs)
        for number in range(3):
            assert request(running.port, "POST", "/orders", json.dumps({"number": number})).status == 200
        yield running


class Api:
    """A client of the API: one request, its answer's status and JSON."""

    def __init__(self, host, key=ID, bearer=ACCOUNT, prefix=""):
        self.host, self.prefix = host, prefix
        self.headers = [("X-Share-Api-Key", key), ("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json")]
        self.reply = None

    def ask(self, method, path, body=None, headers=None):
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        self.reply = request(self.host.manage, method, self.prefix + path, body, self.headers if headers is None else headers, host="api.shareactor.test")
        if self.reply.status != 204:
            assert self.reply.header("content-type") == "application/json", self.reply
        return self.reply.status, json.loads(self.reply.body) if self.reply.body else None

    def good(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status in (200, 204), (status, answer)
        return answer

    def bad(self, status, method, path, body=None, headers=None):
        got, answer = self.ask(method, path, body, headers)
        assert got == status and answer["status"] == status and answer["message"] and set(answer) <= {"message", "status", "errors"}, (got, answer)
        return answer

    def create(self, **fields):
        return self.good("POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"} | fields)

    def total(self):
        self.good("GET", "/webhooks?size=1")
        return int(self.reply.header("x-pagination-total"))


@pytest.fixture
def client(host):
    return Api(host)


def oid(webhook):
    return webhook["_id"]["$oid"]


# ---- webhooks


def test_a_webhook_is_what_the_documentation_shows(client):
    before = time.time() * 1000
    made = client.create()
    assert list(made) == ["_id", "company", "created", "updated", "event_type", "deleted", "secret", "endpoint", "verified", "active"]
    assert re.fullmatch("[0-9a-f]{24}", oid(made)) and re.fullmatch("[0-9a-f]{60}", made["secret"])
    assert made["company"] == {"$oid": COMPANY} and made["created"] == made["updated"]
    assert before - 1000 <= made["created"]["$date"] <= time.time() * 1000 + 1000
    assert (made["event_type"], made["endpoint"], made["deleted"], made["verified"], made["active"]) == ("order.created", ENDPOINT, False, False, True)
    assert client.good("GET", f"/webhooks/{oid(made)}") == made
    assert client.create()["secret"] != made["secret"]


def test_update_is_partial_and_keeps_id_secret_and_creation(client):
    made = client.create()
    path = f"/webhooks/{oid(made)}"
    moved = client.good("PUT", path, {"endpoint": "https://www.example.com/x"})
    assert moved["updated"]["$date"] >= made["updated"]["$date"]
    assert moved | {"updated": None} == made | {"endpoint": "https://www.example.com/x", "updated": None}
    assert client.good("PUT", path, {"event_type": "user.deleted"})["event_type"] == "user.deleted"
    assert client.good("PUT", path, {})["endpoint"] == "https://www.example.com/x"
    again = client.good("GET", path)
    assert (again["event_type"], again["endpoint"], again["secret"]) == ("user.deleted", "https://www.example.com/x", made["secret"])


def test_the_servers_attributes_are_not_the_clients_to_set(client):
    theirs = {"_id": {"$oid": "0" * 24}, "id": "1", "company": "x", "created": 1, "updated": 2, "modified": 3, "deleted": True, "secret": "mine", "verified": True}
    made = client.create(**theirs)
    assert oid(made) != "0" * 24 and made["secret"] != "mine" and made["verified"] is False and made["deleted"] is False and "id" not in made
    again = client.good("PUT", f"/webhooks/{oid(made)}", theirs)
    assert again | {"updated": None} == made | {"updated": None}


def test_unknown_attributes_survive(client):
    made = client.create(description="ours", tags=["a", {"b": None}], no=0.5)
    assert (made["description"], made["tags"], made["no"]) == ("ours", ["a", {"b": None}], 0.5)
    path = f"/webhooks/{oid(made)}"
    client.good("PUT", path, {"tags": [], "more": True})
    again = client.good("GET", path)
    assert (again["description"], again["tags"], again["no"], again["more"]) == ("ours", [], 0.5, True)


def test_deleting_answers_with_the_webhook_and_ends_it(client):
    made = client.create()
    path = f"/webhooks/{oid(made)}"
    before = client.total()
    assert client.good("DELETE", path, "null") == made | {"deleted": True}
    assert client.total() == before - 1
    for method, body in (("GET", None), ("PUT", {"endpoint": ENDPOINT}), ("DELETE", None)):
        client.bad(404, method, path, body)
    client.bad(404, "POST", path + "/verify")
    client.bad(404, "POST", path + "/simulate")


def test_switching_off_and_on(client):
    made = client.create(active=False)
    path = f"/webhooks/{oid(made)}"
    assert (made["active"], made["verified"]) == (False, False)
    client.bad(409, "POST", path + "/verify")
    client.bad(409, "POST", path + "/simulate")
    on = client.good("PUT", path, {"active": True})
    assert (on["active"], on["verified"]) == (True, False)
    assert client.good("POST", path + "/verify") == on
    assert client.good("PUT", path, {"active": False})["active"] is False


@pytest.mark.parametrize("event_type", ["order.created", "order.cancelled", "subscription.non_renewing", "plan.deleted", "machine_learning_model.runnable",
                                        "invoice.creacted", "parcel.sent", "payment.captured"])
def test_event_types_are_the_systems_and_those_that_hooks_can_make(client, event_type):
    made = client.create(event_type=event_type)
    assert made["event_type"] == event_type
    assert event_type in [each["event_type"] for each in client.good("GET", "/webhooks?size=100")]


def test_the_list_has_pages_and_an_order(host):
    client = Api(host, OTHER, OTHER_ACCOUNT)
    for webhook in client.good("GET", "/webhooks?size=500"):
        client.good("DELETE", f"/webhooks/{oid(webhook)}")
    assert client.good("GET", "/webhooks") == [] and client.reply.header("x-pagination-total") == "0"
    kinds = ["user.created", "order.created", "plan.updated", "invoice.deleted"] * 3
    made = []
    for number, kind in enumerate(kinds):
        made.append(client.create(event_type=kind, endpoint=f"http://127.0.0.2/{(number * 7) % 12:02}"))
        wait_until(lambda then=made[-1]["created"]["$date"]: time.time() * 1000 > then + 1)
    ids = [oid(each) for each in made]

    def listed(query=""):
        found = client.good("GET", "/webhooks" + query)
        assert client.reply.header("x-pagination-total") == "12"
        return [oid(each) for each in found]
    assert listed() == ids[::-1][:10] and listed("?page=1") == ids[::-1][10:] and listed("?page=2") == []
    assert listed("?size=5&page=1") == ids[::-1][5:10] and listed("?page=0&size=100") == ids[::-1]
    client.good("PUT", f"/webhooks/{ids[3]}", {"note": "n"})
    for sort in ("-modified", "-updated"):
        assert listed(f"?sort={sort}&size=2") == [ids[3], ids[11]]
    assert listed("?sort=modified&size=100")[-1] == ids[3]
    assert listed("?sort=created&size=100") == ids and listed("?sort=%2Bcreated&size=3") == ids[:3] and listed("?sort=-created&size=100") == ids[::-1]
    by_kind = [kinds[ids.index(each)] for each in listed("?sort=event_type&size=100")]
    assert by_kind == sorted(kinds)
    by_url = [made[ids.index(each)]["endpoint"] for each in listed("?sort=-endpoint&size=100")]
    assert by_url == sorted(by_url, reverse=True) and len(set(by_url)) == 12
    # The last one of a parameter counts.
    assert listed("?size=1&size=2") == [ids[3], ids[11]]


def test_webhooks_are_searched(host):
    client = Api(host, OTHER, OTHER_ACCOUNT)
    one = client.create(event_type="subscription.future", label="Størst")
    assert client.good("GET", "/webhooks/search?query=subscription.fut") == [one] == client.good("GET", f"/webhooks/search?query={oid(one)}")
    assert client.reply.header("x-pagination-total") == "1"
    assert client.good("GET", "/webhooks/search?query=no%25such") == []


def test_the_number_of_webhooks_is_bounded(host):
    client = Api(host, prefix="/plain")
    made = [client.create() for _ in range(3)]
    assert "3" in client.bad(409, "POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"})["message"]
    for each in made:
        client.good("DELETE", f"/webhooks/{each['id']}")


def test_plain_ids_and_no_handshake(host):
    client = Api(host, prefix="/plain")
    made = client.create(active=False)
    assert list(made)[:2] == ["_id", "id"] and made["_id"] == made["id"] and made["company"] == COMPANY
    assert isinstance(made["created"], int) and made["verified"] is True and made["active"] is False
    path = f"/webhooks/{made['id']}"
    on = client.good("PUT", path, {"active": True, "endpoint": "http://127.0.0.2:8099/"})
    assert (on["active"], on["verified"]) == (True, True)
    assert client.good("POST", path + "/verify") == on
    assert client.good("POST", path + "/simulate") is None and client.reply.status == 204 and client.reply.body == b""
    event = client.good("GET", "/events?size=1")[0]
    assert event["_id"] == event["id"] and isinstance(event["created"], int)
    client.good("DELETE", path)


def test_what_was_said_to_be_made_survives_a_kill(tmp_path):
    port = free_port()
    with Upstream() as upstream, Trotline(config(tmp_path, port), upstream=upstream.url, env=KEYS, directory=tmp_path) as host:
        host.manage = port
        wait_until(lambda: "admin listening on" in host.logs(), 15, host.logs)
        client = Api(host)
        made = [client.create(x=number) for number in range(5)]
        client.good("DELETE", f"/webhooks/{oid(made[0])}")
        changed = client.good("PUT", f"/webhooks/{oid(made[1])}", {"event_type": "plan.created"})
        host.kill()
        host.start()
        wait_until(lambda: host.logs().count("admin listening on") == 2, 15, host.logs)
        found = client.good("GET", "/webhooks?sort=created")
        assert [each | {"verified": False} for each in found] == [changed, *made[2:]]


# ---- who may ask


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


@pytest.mark.parametrize("token", [
    jwt({"exp": NOW - 120}), jwt({"nbf": NOW + 3600}), jwt({"iat": NOW + 3600}), jwt({"exp": str(NOW + 3600)}), jwt({"nbf": None}), jwt({"exp": True}),
    jwt(secret="wrong"), jwt(secret=OTHER_ACCOUNT), jwt(secret=""), jwt(header={"alg": "none"}), jwt(header={"alg": "HS512"}), jwt(header={"alg": "hs256"}),
    jwt(header={"typ": "JWT"}), jwt(header={"alg": "RS256"}), jwt(header={"alg": ["HS256"]}), jwt(header={"alg": "HS256", "crit": ["b64"], "b64": False}), jwt([1]),
    jwt().rsplit(".", 1)[0] + ".", jwt().rsplit(".", 1)[0], jwt() + ".x", jwt() + "A", jwt()[:-1], ".".join(["", "", jwt().split(".")[2]]), "..", "a.b.c",
    jwt({"x": "y" * 9000})])
def test_any_other_token_is_refused(host, token):
    Api(host, bearer=token).bad(401, "GET", "/webhooks")


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


# ---- events


def test_events_are_those_of_the_store(client):
    events = client.good("GET", "/events")
    assert len(events) == 3 and client.reply.header("x-pagination-total") == "3"
    newest = events[0]
    assert list(newest) == ["_id", "kind", "created", "company", "data", "author"]
    assert newest["kind"] == "order.created" and newest["company"] == {"$oid": COMPANY} and newest["author"] is None
    assert newest["data"] == {"object_type": "order", "previous_data": {}, "kind": "order.created", "object": ORDER | {"number": 2}}
    assert abs(newest["created"]["$date"] - time.time() * 1000) < 600000
    for event in events:
        assert client.good("GET", f"/events/{oid(event)}") == event
    wrong = format(int(oid(newest), 16) + 1, "024x")
    client.bad(404, "GET", f"/events/{wrong}")
    client.bad(404, "GET", f"/events/{'0' * 8}{oid(newest)[8:]}")


def test_events_have_pages_and_an_order(client):
    newest_first = [oid(each) for each in client.good("GET", "/events")]
    assert [oid(each) for each in client.good("GET", "/events?sort=created")] == newest_first[::-1]
    assert [oid(each) for each in client.good("GET", "/events?size=2&page=1")] == newest_first[2:]
    assert client.reply.header("x-pagination-total") == "3"
    assert client.good("GET", "/events?page=7") == []


def test_events_are_searched_by_kind_id_and_time(client):
    events = client.good("GET", "/events")
    found = lambda query: client.good("GET", f"/events/search?{query}")  # noqa: E731
    assert found("query=order") == events == found("query=ORDER.created") == client.good("GET", "/events/search/query=order")
    assert found(f"query={oid(events[1])}") == [events[1]]
    assert found(f"query={ORDER['_id']['$oid']}") == events and found("query=invoice") == [] and found("query=%27%22%25") == []
    first, last = events[2]["created"]["$date"], events[0]["created"]["$date"]
    assert found(f"query=order&from_date={first}&to_date={last}") == events
    assert found(f"from_date={last + 1}") == [] == found(f"to_date={first - 1}")
    assert found(f"from_date={last // 1000 + 2}") == [] and found(f"to_date={last // 1000 + 2}") == events
    assert found("from_date=2019-08-15") == events and found("to_date=2019-08-15T12:00:00Z") == []
    assert client.good("GET", f"/events?from_date={last + 1}") == []
    for wrong in ("from_date=x", "to_date=-1", "from_date=2019-13-01"):
        assert list(client.bad(400, "GET", f"/events/search?{wrong}")["errors"]) == [wrong.split("=")[0]]


def test_messages_for_one_webhook_are_no_events(client):
    made = client.create()
    client.good("POST", f"/webhooks/{oid(made)}/verify")
    assert {each["kind"] for each in client.good("GET", "/events")} == {"order.created"}


# ---- what is sent


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """A host that may deliver to this machine. POST /sites/NAME/orders makes an order of that site; tenants one and two see their own."""
    folder = tmp_path_factory.mktemp("sender")
    allow = 'allow = ["127.0.0.1/32"]\n'
    text = ('[[hook]]\ntopic = "order.created"\nmatch = "POST /sites/{site}/orders"\nid = "response:/id"\ncontext = { site = "path:site" }\n'
            + api("one", COMPANY, [(ID, "ACCOUNT", "read_write")], allow + 'only = { site = "one" }')
            + api("two", OTHER_COMPANY, [(OTHER, "OTHER_ACCOUNT", "read_write")], allow + 'only = { site = ["two", "three"] }')
            + api("free", COMPANY, [(ID, "ACCOUNT", "read_write")], allow + 'prefix = "/free"\noptions = { handshake = false }'))
    with Upstream(lambda asked: response(200, asked.body or b"{}", {"Content-Type": "application/json"})) as upstream, \
            Trotline(text, upstream=upstream.url, env=KEYS, directory=folder) as running:
        running.manage = running.port
        yield running


def order(host, site, number):
    assert request(host.port, "POST", f"/sites/{site}/orders", json.dumps({"id": number})).status == 200


def signed(got, webhook):
    assert got.header("x-share-webhook-signature") == hmac.new(webhook["secret"].encode(), got.body, hashlib.sha256).hexdigest()
    return json.loads(got.body)


def verified(client, webhook):
    return wait_until(lambda: (now := client.good("GET", f"/webhooks/{oid(webhook)}"))["verified"] and now, 10, "the confirmation")


def test_an_endpoint_confirms_before_it_gets_anything(sender):
    client = Api(sender)
    answers = [500]
    with Sink(lambda _: answers[-1]) as sink:
        made = client.create(endpoint=sink.url + "/first")
        asked = sink.wait(1)[0]
        assert signed(asked, made) == {"object_type": "webhook", "kind": "webhook.confirmation", "url": made["endpoint"]}
        assert asked.header("x-share-webhook-type") == "WebhookConfirmation" and asked.header("x-share-webhook-retries") == "0"
        order(sender, "one", 1)
        assert client.good("GET", f"/webhooks/{oid(made)}")["verified"] is False
        client.bad(409, "POST", f"/webhooks/{oid(made)}/simulate")
        answers.append(204)
        client.good("POST", f"/webhooks/{oid(made)}/verify")
        now = verified(client, made)
        assert now | {"updated": None} == made | {"verified": True, "updated": None}
        order(sender, "one", 2)
        got = wait_until(lambda: [each for each in sink.requests if each.header("x-share-webhook-type") == "WebhookMessage"], 10, "a delivery")[0]
        assert signed(got, made) == {"object_type": "order", "previous_data": {}, "kind": "order.created", "object": {"id": 2}, "url": made["endpoint"]}
        asked_before = len(sink.requests)
        assert client.good("POST", f"/webhooks/{oid(made)}/verify") == now  # there is nothing to ask
        assert client.good("POST", f"/webhooks/{oid(made)}/simulate") is None
        sent = signed(sink.wait(asked_before + 1)[-1], made)
        assert (sent["kind"], sent["object_type"], sent["previous_data"]) == ("order.created", "order", {})
        assert list(sent["object"]) == ["_id", "company", "created", "modified", "deleted", "active"] and sent["object"]["company"] == {"$oid": COMPANY}
        # Order 1, from before it had confirmed, is never sent.
        assert all(json.loads(each.body).get("object") != {"id": 1} for each in sink.requests)
        client.good("DELETE", f"/webhooks/{oid(made)}")


def test_another_endpoint_confirms_again(sender):
    client = Api(sender)
    with Sink() as first, Sink([500, 200]) as second:
        made = client.create(endpoint=first.url, event_type="order.updated")
        verified(client, made)
        path = f"/webhooks/{oid(made)}"
        assert client.good("PUT", path, {"event_type": "order.created", "endpoint": first.url})["verified"] is True  # the same endpoint
        assert client.good("PUT", path, {"endpoint": second.url})["verified"] is False
        second.wait(1)
        order(sender, "one", 3)
        assert client.good("PUT", path, {"note": "asks again"})["verified"] is False
        verified(client, made)
        order(sender, "one", 4)
        got = wait_until(lambda: [each for each in second.requests if each.header("x-share-webhook-type") == "WebhookMessage"], 10, "a delivery")[0]
        assert signed(got, made)["object"] == {"id": 4}
        assert len(first.requests) == 1
        off = client.good("PUT", path, {"active": False})
        assert (off["verified"], off["active"]) == (True, False)
        order(sender, "one", 5)
        on = client.good("PUT", path, {"active": True})
        assert (on["verified"], on["active"]) == (True, True)  # it has confirmed, and nobody has changed the endpoint
        order(sender, "one", 6)
        wait_until(lambda: signed(second.requests[-1], made).get("object") == {"id": 6}, 10, "order 6")
        assert all(json.loads(each.body).get("object") != {"id": 5} for each in second.requests)
        client.good("DELETE", path)


def test_a_simulated_update_shows_what_it_was(sender):
    client = Api(sender, prefix="/free")
    with Sink() as sink:
        made = client.create(endpoint=sink.url, event_type="user.updated")
        assert made["verified"] is True
        client.good("POST", f"/webhooks/{oid(made)}/simulate")
        sent = signed(sink.wait(1)[0], made)
        assert sent["kind"] == "user.updated" and list(sent["previous_data"]) == ["modified"]
        assert sent["previous_data"]["modified"]["$date"] < sent["object"]["modified"]["$date"]
        assert sink.requests[0].header("x-share-webhook-type") == "WebhookMessage"
        client.good("DELETE", f"/webhooks/{oid(made)}")


def test_tenants_get_and_see_their_own_events(sender):
    one, two, free = Api(sender), Api(sender, OTHER, OTHER_ACCOUNT), Api(sender, prefix="/free")
    with Sink() as of_one, Sink() as of_two, Sink() as of_all:
        hooks = [one.create(endpoint=of_one.url), two.create(endpoint=of_two.url), free.create(endpoint=of_all.url)]
        verified(one, hooks[0])
        verified(two, hooks[1])
        for number, site in enumerate(["two", "one", "three", "four", "one"], 100):
            order(sender, site, number)
        wait_until(lambda: len(of_all.requests) == 5, 10, "all orders")
        ids = lambda sink: sorted(signed(each, hook)["object"]["id"] for each in sink.requests if "object" in json.loads(each.body))  # noqa: E731
        for sink, hook, right in ((of_one, hooks[0], [101, 104]), (of_two, hooks[1], [100, 102]), (of_all, hooks[2], [100, 101, 102, 103, 104])):
            wait_until(lambda sink=sink, right=right: ids(sink) == right, 10, f"{right}")
        seen = {api_: {each["data"]["object"]["id"]: oid(each) for each in api_.good("GET", "/events?size=100")} for api_ in (one, two, free)}
        assert set(seen[two]) == {100, 102} and {101, 104} <= set(seen[one]) and not {100, 102, 103} & set(seen[one]) and {100, 101, 102, 103, 104} <= set(seen[free])
        one.bad(404, "GET", f"/events/{seen[two][100]}")
        assert one.good("GET", f"/events/search?query={seen[two][100]}") == [] == one.good("GET", "/events/search?query=100")
        assert two.good("GET", f"/events/{seen[two][100]}")["company"] == {"$oid": OTHER_COMPANY}
        for api_, hook in zip((one, two, free), hooks):
            api_.good("DELETE", f"/webhooks/{oid(hook)}")


# ---- the vendor's own clients


@pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "@builton").exists()), reason="needs node and `npm install` in tests/verifiers")
@pytest.mark.parametrize("library, prefix", [("kvass", ""), ("builton", ""), ("builton", "/plain")])
def test_the_vendors_client(host, library, prefix):
    asked = {"library": library, "url": f"http://127.0.0.1:{host.port}{prefix}", "key": ID, "bearer": jwt({"exp": NOW + 36000}), "endpoint": ENDPOINT}
    done = subprocess.run(["node", "clients_shareactor.js"], cwd=VERIFIERS, input=json.dumps(asked), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    plain = prefix == "/plain"
    made = said["create"]
    assert re.fullmatch("[0-9a-f]{24}", said["id"]) and (made["_id"] if plain else oid(made)) == said["id"]
    assert (made["endpoint"], made["event_type"], made["verified"]) == (ENDPOINT, "order.created", plain)
    assert said["get"]["secret"] == made["secret"] and said["ids"].count(said["id"]) == 1
    assert said["update"]["endpoint"] == ENDPOINT + "/moved" and said["del"]["deleted"] is True
    assert said["gone"] == 404 and said["wrong"] == 400 and said["stranger"] == 401
    assert said["events"] == ["order.created"] * 3 == said["searched"] and said["event"] == "order.created"
    if library == "builton":
        assert said["found"] == [said["id"]] and said["total"] >= 1
