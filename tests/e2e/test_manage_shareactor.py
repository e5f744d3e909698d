"""ShareActor's management API: webhooks and events, and that the vendor's own clients notice nothing."""

import json
import re
import shutil
import subprocess
import time
import time

import pytest
from harness import Trotline, Upstream, free_port, wait_until
from shareactor_api import COMPANY, ENDPOINT, ID, KEYS, ORDER, OTHER, OTHER_ACCOUNT, VERIFIERS, Api, client, config, host, jwt, oid  # noqa: F401, F811: fixtures

pytestmark = pytest.mark.sanitized


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


@pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "@builton").exists()), reason="needs node and `npm install` in tests/verifiers")
@pytest.mark.parametrize("library, prefix", [("kvass", ""), ("builton", ""), ("builton", "/plain")])
def test_the_vendors_client(host, library, prefix):
    asked = {"library": library, "url": f"http://127.0.0.1:{host.port}{prefix}", "key": ID, "bearer": jwt({"exp": int(time.time()) + 36000}), "endpoint": ENDPOINT}
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
