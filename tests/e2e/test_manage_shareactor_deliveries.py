"""ShareActor's management API: what is sent to an endpoint: the question to confirm, changes, simulated ones."""

import hashlib
import hmac
import json

import pytest
from harness import Sink, Trotline, Upstream, request, response, wait_until
from shareactor_api import COMPANY, ID, KEYS, OTHER, OTHER_ACCOUNT, OTHER_COMPANY, Api, api, client, host, oid

pytestmark = pytest.mark.sanitized


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
