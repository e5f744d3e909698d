"""What DatoCMS's webhooks get once they are made: deliveries end to end, the log of calls, sending again; and its own clients."""

import base64
import json
import shutil
import subprocess

import pytest
from datocms_api import CLIENT, OTHER, Site, problems
from harness import ROOT, wait_until

VERIFIERS = ROOT / "tests" / "verifiers"


@pytest.fixture(scope="module")
def host():
    with Site() as running:
        yield running


@pytest.fixture
def site(host):
    """Without webhooks and with nothing received yet."""
    yield host
    host.destroy_all()
    host.sink.requests.clear()
    host.sink.script = [200]


def bodies(site, count):
    return [json.loads(each.body) for each in site.sink.wait(count)]


def quiet(site, count):
    """That no more than `count` came: the log has no more, once a later event has had its call."""
    witness = site.create(url=site.sink.url + "/witness")["id"]
    site.record("witness")
    site.calls(witness)
    assert site.ask("DELETE", f"/webhooks/{witness}").status == 200
    came = [each for each in site.sink.requests if each.target != "/witness" and b"witness" not in each.body]
    assert len(came) == count, [each.body for each in came]


# ---- deliveries


def test_a_record_is_told(site):
    made = site.create(headers={"X-Foo": "Bar"}, http_basic_user="user", http_basic_password="password")
    record = site.record(environment="sandbox-1")
    request = site.sink.wait(1)[0]
    assert (request.method, request.target) == ("POST", "/hook")
    headers = {name.lower(): value for name, value in request.headers}
    assert headers["x-foo"] == "Bar" and headers["content-type"] == "application/json" and headers["user-agent"] == "DatoCMS (datocms.com)"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"user:password").decode()
    body = json.loads(request.body)
    assert (body["webhook_id"], body["site_id"], body["entity_type"], body["event_type"]) == (made["id"], "205", "item", "create")
    assert (body["environment"], body["is_environment_primary"], body["attempted_auto_retries_count"]) == ("sandbox-1", False, 0)
    assert body["entity"]["id"] == record
    assert body["related_entities"] == [{"type": "user", "id": "7"}, {"type": "item_type", "id": "44"}]
    assert site.get(f"/webhook_calls/{body['webhook_call_id']}")["data"]["relationships"]["webhook"]["data"]["id"] == made["id"]


def test_filters_by_model(site):
    site.create(events=[{"entity_type": "item", "event_types": ["create"], "filters": [{"entity_type": "item_type", "entity_ids": ["44", "46"]}]}])
    for model in ("45", "46", "47", "44"):
        site.record(model)
    assert [body["entity"]["relationships"]["item_type"]["data"]["id"] for body in bodies(site, 2)] == ["46", "44"]
    quiet(site, 2)


def test_filters_by_environment(site):
    def told(kind, *ids):
        made = site.create(events=[{"entity_type": "item", "event_types": ["create"], "filters": [{"entity_type": kind, "entity_ids": list(ids)}]}])
        for environment in (None, "main", "sandbox-1", "sandbox-2"):
            site.record(environment=environment)
        witness = site.create(url=site.sink.url + "/witness")["id"]
        site.record()
        site.calls(witness)
        got = [json.loads(call["attributes"]["request_payload"]) for call in site.calls(made["id"], 0)]
        site.destroy_all()
        return sorted(body["environment"] for body in got)

    assert told("environment", "sandbox-1") == ["sandbox-1"]
    assert told("environment", "main") == ["main", "main", "main"]  # two, and the last one
    assert told("environment", "main", "sandbox-2") == ["main", "main", "main", "sandbox-2"]
    assert told("environment_type", "primary") == ["main", "main", "main"]
    assert told("environment_type", "sandbox") == ["sandbox-1", "sandbox-2"]


def test_several_filters_hold_all(site):
    filters = [{"entity_type": "item_type", "entity_ids": ["44"]}, {"entity_type": "environment", "entity_ids": ["a", "b"]}]
    site.create(events=[{"entity_type": "item", "event_types": ["create"], "filters": filters}])
    for model, environment in (("44", None), ("45", "a"), ("44", "b"), ("44", "c"), ("44", "a")):
        site.record(model, environment)
    assert [body["environment"] for body in bodies(site, 2)] == ["b", "a"]
    quiet(site, 2)


def test_entries_are_alternatives_and_tell_once(site):
    one = {"entity_type": "item", "event_types": ["create"], "filters": [{"entity_type": "item_type", "entity_ids": ["44"]}]}
    site.create(events=[one, {**one, "filters": None}])
    site.record("44")
    site.record("45")
    assert len(bodies(site, 2)) == 2
    quiet(site, 2)


def test_only_while_enabled(site):
    made = site.create(enabled=False)["id"]
    site.record()
    site.update(made, enabled=True)
    second = site.record()
    assert [body["entity"]["id"] for body in bodies(site, 1)] == [second]
    site.update(made, enabled=False)
    site.record()
    quiet(site, 1)


def test_a_custom_payload_and_the_older_version(site):
    site.create(custom_payload="{{event_type}} of {{#entity}}{{id}}{{/entity}} in {{environment}}", headers={"Content-Type": "text/x-note"})
    record = site.record()
    request = site.sink.wait(1)[0]
    assert (request.body.decode(), request.header("content-type"), len(request.all("content-type"))) == (f"create of {record} in main", "text/x-note", 1)
    site.destroy_all()
    site.create(payload_api_version="2")
    site.record()
    assert list(json.loads(site.sink.wait(2)[1].body)) == ["environment", "entity_type", "event_type", "entity", "related_entities"]


def test_a_webhook_changes_at_once(site):
    made = site.create(url=site.sink.url + "/a")["id"]
    site.record()
    site.sink.wait(1)
    site.update(made, url=site.sink.url + "/b")
    site.record()
    assert [each.target for each in site.sink.wait(2)] == ["/a", "/b"]
    assert site.ask("DELETE", f"/webhooks/{made}").status == 200
    site.record()
    quiet(site, 2)


# ---- calls


def test_a_call(site):
    site.sink.script = [(201, {"X-Answer": "yes", "Content-Type": "text/plain"}, b"thanks")]
    made = site.create(headers={"X-Foo": "Bar"}, http_basic_user="u", http_basic_password="p")
    site.record()
    received = site.sink.wait(1)[0]
    (call,) = site.calls(made["id"])
    assert list(call) == ["type", "id", "attributes", "relationships"] and call["type"] == "webhook_call" and call["id"].isdecimal()
    assert call["relationships"] == {"webhook": {"data": {"type": "webhook", "id": made["id"]}}}
    attributes = call["attributes"]
    assert (attributes["entity_type"], attributes["event_type"], attributes["status"]) == ("item", "create", "success")
    assert attributes["request_url"] == site.sink.url + "/hook" and attributes["request_payload"].encode() == received.body
    sent = {name.lower(): value for name, value in received.headers}
    assert {name.lower(): value for name, value in attributes["request_headers"].items()}.items() <= sent.items()
    assert attributes["request_headers"]["X-Foo"] == "Bar"
    assert (attributes["response_status"], attributes["response_payload"]) == (201, "thanks")
    assert attributes["response_headers"]["X-Answer"] == "yes"
    assert (attributes["attempted_auto_retries_count"], attributes["next_retry_at"]) == (0, None)
    assert attributes["created_at"] <= attributes["last_sent_at"] and attributes["last_sent_at"].endswith("Z")
    assert site.get(f"/webhook_calls/{call['id']}")["data"] == call
    page = site.get("/webhook_calls")
    assert list(page) == ["data", "meta", "included"]
    assert page["data"] == [call] and page["meta"] == {"total_count": 1} and page["included"] == [site.get(f"/webhooks/{made['id']}")["data"]]
    assert site.get("/webhook_calls", version="2")["included"] == [site.get(f"/webhooks/{made['id']}", version="2")["data"]]


def test_tags_in_the_url(site):
    made = site.create(url=site.sink.url + "/{{entity_type}}/{{#entity}}{{id}}{{/entity}}?in={{environment}}")
    record = site.record(environment="a/b c")
    (call,) = site.calls(made["id"])
    target = f"/item/{record}?in=a%2Fb%20c"
    assert call["attributes"]["request_url"] == site.sink.url + target
    assert site.sink.wait(1)[0].target == target
    # Where a client's words would lead elsewhere nothing is sent, and the log says so.
    site.update(made["id"], url=site.sink.url + "/{{environment}}/x")
    site.record(environment="..")
    assert sorted(each["attributes"]["status"] for each in site.calls(made["id"], 2)) == ["failed", "success"]
    assert len(site.sink.requests) == 1


def test_failures_and_retries(site):
    site.sink.script = [500]
    once, again = site.create(), site.create(auto_retry=True)
    site.record()
    (failed,), (rescheduled,) = site.calls(once["id"]), site.calls(again["id"])
    assert (failed["attributes"]["status"], failed["attributes"]["response_status"], failed["attributes"]["next_retry_at"]) == ("failed", 500, None)
    assert (rescheduled["attributes"]["status"], rescheduled["attributes"]["attempted_auto_retries_count"]) == ("rescheduled", 0)
    assert rescheduled["attributes"]["next_retry_at"] > rescheduled["attributes"]["last_sent_at"]
    for status, wanted in (("failed", [failed]), ("rescheduled", [rescheduled]), ("success", []), ("pending", [])):
        assert site.get(f"/webhook_calls?filter[fields][status][eq]={status}")["data"] == wanted

    site.sink.script = [200]
    reply = site.ask("POST", f"/webhook_calls/{failed['id']}/resend_webhook")
    assert (reply.status, reply.body) == (204, b"")
    first, *_, last = site.sink.wait(3)
    assert wait_until(lambda: site.calls(once["id"])[0]["attributes"]["status"] == "success", 10, "the call that was sent again")
    assert json.loads(last.body)["webhook_call_id"] == failed["id"] and json.loads(last.body)["entity"] == json.loads(first.body)["entity"]


def test_no_answer():
    with Site() as site:
        site.sink.close()
        dead = site.create()
        site.record()
        (call,) = site.calls(dead["id"])
        assert call["attributes"]["status"] == "failed"
        assert [call["attributes"][name] for name in ("response_status", "response_headers", "response_payload")] == [None, None, None]


def test_parameters():
    with Site(sinks=2) as site:
        first, second = site.create(site.sinks[0]), site.create(site.sinks[1], events=[{"entity_type": "item", "event_types": ["create", "publish"]}])
        for _ in range(4):
            site.record()
        calls = [*site.calls(first["id"], 4), *site.calls(second["id"], 4)]
        everything = [call["id"] for call in site.get("/webhook_calls")["data"]]
        assert len(everything) == 8 and everything == sorted(everything, key=int, reverse=True)

        def found(query):
            page = site.get("/webhook_calls?" + query)
            return [call["id"] for call in page["data"]], page["meta"]["total_count"]

        assert found("page[limit]=3") == (everything[:3], 8)
        assert found("page%5Boffset%5D=6&page%5Blimit%5D=500") == (everything[6:], 8)
        assert found("page[offset]=100") == ([], 8)
        assert found("order_by=created_at_asc") == (everything[::-1], 8)
        ascending, _ = found("order_by=webhook_id_asc")
        assert set(ascending[:4]) == {call["id"] for call in calls if call["relationships"]["webhook"]["data"]["id"] == first["id"]}
        assert sorted(found("order_by=last_sent_at_desc")[0]) == sorted(everything) and len(found("order_by=next_retry_at_asc")[0]) == 8
        assert found(f"filter[ids]={everything[1]},{everything[5]}") == ([everything[1], everything[5]], 2)
        assert found("filter[ids]=5,x") == ([], 0)
        assert found("filter[fields][webhook_id][eq]=999") == ([], 0)
        assert found("filter[fields][entity_type][eq]=item&filter[fields][event_type][eq]=create")[1] == 8
        assert found("filter[fields][entity_type][eq]=upload") == ([], 0) and found("filter[fields][event_type][eq]=publish") == ([], 0)
        middle = calls[1]["attributes"]["created_at"]
        assert found(f"filter[fields][created_at][gt]={middle}")[1] + found(f"filter[fields][created_at][lt]={middle}")[1] == 6
        assert found("filter[fields][created_at][gt]=2100-01-01T00:00:00Z") == ([], 0)
        assert found("filter[fields][last_sent_at][lt]=2100-01-01")[1] == 8 and found("filter[fields][last_sent_at][gt]=2100-01-01")[1] == 0
        assert found("filter[fields][next_retry_at][gt]=2000-01-01")[1] == 0
        assert found("anything=else&version=7")[1] == 8
        for wrong in ("page[limit]=0", "page[limit]=501", "page[limit]=x", "page[limit]=", "page[offset]=-1", "page[offset]=1e3", "order_by=id_asc", "order_by=",
                      "filter[fields][status][eq]=lost", "filter[fields][entity_type][eq]=thing", "filter[fields][event_type][eq]=made", "filter[fields][created_at][gt]=soon",
                      "filter[fields][created_at][eq]=2020-01-01", "filter[fields][webhook_id][gt]=1", "filter[fields][colour][eq]=red", "filter[colour]=red",
                      "filter[ids]=" + ",".join(["1"] * 501)):
            problems(site.ask("GET", "/webhook_calls?" + wrong), 422, "INVALID_FORMAT")

        # Another site's.
        call = everything[0]
        problems(site.ask("GET", f"/webhook_calls/{call}", token=OTHER), 404, "NOT_FOUND")
        problems(site.ask("POST", f"/webhook_calls/{call}/resend_webhook", token=OTHER), 404, "NOT_FOUND")
        assert json.loads(site.ask("GET", f"/webhook_calls?filter[ids]={call}", token=OTHER).body) == {"data": [], "meta": {"total_count": 0}, "included": []}
        assert site.ask("GET", f"/webhook_calls?filter[fields][webhook_id][eq]={second['id']}", token=OTHER).status == 200


# ---- its own clients


@pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "datocms-client").exists()), reason="needs node and `npm install` in tests/verifiers")
class TestClients:
    @staticmethod
    def run(which, site):
        done = subprocess.run(["node", "clients_datocms.js", which, site.host.base, CLIENT, site.sink.url + "/hook"], cwd=VERIFIERS, capture_output=True, text=True,
                              timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def test_the_new_one(self, site):
        got = self.run("new", site)
        made = got["created"]
        assert made["type"] == "webhook" and made["name"] == "From a client" and made["events"][0]["filters"][0]["entity_ids"] == ["44"]
        assert got["listed"] == [made] and got["found"] == made
        assert got["updated"] == {**made, "name": "Renamed", "auto_retry": True}
        assert got["twice"] == {"api": True, "found": True} and got["gone"] == {"api": True, "code": "NOT_FOUND", "status": 404}
        (call,) = got["calls"]
        assert call["type"] == "webhook_call" and call["status"] == "success" and call["webhook"] == {"type": "webhook", "id": made["id"]}
        assert got["raw"]["meta"] == {"total_count": 1} and got["iterated"] == [call["id"]] and got["call"]["id"] == call["id"]
        assert got["resent"] and got["destroyed"] == got["updated"]
        assert got["busy"] == 40  # it waits when it is told to
        assert json.loads(call["request_payload"])["related_entities"]

    def test_the_old_one(self, site):
        got = self.run("old", site)
        made = got["created"]
        assert made["events"] == [{"entityType": "item_type", "eventTypes": ["update", "create"], "filter": {"entityType": "item_type", "entityIds": ["42", "43"]}}]
        assert made["headers"] == {"X-Foo": "Bar"} and (made["httpBasicUser"], made["httpBasicPassword"]) == ("user", "password")
        assert got["all"] == [made] and got["found"] == made
        assert got["updated"] == {**made, "name": "Renamed"} and got["destroyed"] == got["updated"]
        assert got["gone"] == "404 NOT_FOUND (details: {})"
