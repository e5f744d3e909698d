"""From a webhook made over WooCommerce's API to its deliveries: the ping, what a receiver gets, and the log that the API shows of it."""

import base64
import hashlib
import hmac
import json
import re

import pytest
from harness import Sink, Upstream, request, response, wait_until
from shop import HOST, Shop, answer, api_section

SECRET = "my-super-secret-private-key"
ORDER = {"id": 1042, "status": "processing", "note": "Größe / 日本"}
pytestmark = pytest.mark.sanitized


def upstream_answer(got):
    body = json.dumps({"order": ORDER} if "wc-api" in got.target else ORDER).encode()
    return response(201, body, {"Content-Type": "application/json; charset=UTF-8"})


@pytest.fixture(scope="module")
def upstream():
    with Upstream(upstream_answer) as running:
        yield running


def place_order(shop, path="/wp-json/wc/v3/orders"):
    assert request(shop.host.port, "POST", path, json.dumps({"status": "processing"}), [("Content-Type", "application/json")]).status == 201


def signature(body):
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def split(sink):
    """The pings and the deliveries among what came."""
    pings = [each for each in sink.requests if each.body.startswith(b"webhook_id=")]
    return pings, [each for each in sink.requests if each not in pings]


def deliveries(shop, number, path="/wc-api/v2/webhooks", member="webhook_deliveries"):
    body = answer(shop.call("GET", f"{path}/{number}/deliveries"), 200)
    return body[member] if member else body


def test_legacy_webhook_is_delivered_and_logged_as_the_seed_shows(tmp_path, upstream):
    with Sink([(200, [("Server", "gunicorn/18.0"), ("X-Twice", "1"), ("X-Twice", "2")], b"ok")]) as sink, Shop(upstream=upstream.url, directory=tmp_path) as shop:
        for _ in range(3):  # the third's id is not the first number of anything else
            made = answer(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": sink.url + "/hook?a=b", "secret": SECRET}}), 201)["webhook"]
        for number in (1, 2):
            shop.call("DELETE", f"/wc-api/v2/webhooks/{number}")
        sink.wait(1)
        place_order(shop)
        wait_until(lambda: split(sink)[1], 15, "the delivery")
        wait_until(lambda: any(each.body == b"webhook_id=3" for each in split(sink)[0]), 15, "the ping")
        ping = next(each for each in sink.requests if each.body == b"webhook_id=3")
        assert ping.method == "POST" and ping.target == "/hook?a=b" and ping.header("content-type") == "application/x-www-form-urlencoded"
        assert ping.header("user-agent") == "WooCommerce/2.3.0 Hookshot (WordPress/4.1)" and not [name for name, _ in ping.headers if name.lower().startswith("x-wc")]
        got, = split(sink)[1]
        assert json.loads(got.body) == {"order": ORDER} and got.header("x-wc-webhook-signature") == signature(got.body)
        assert (got.header("x-wc-webhook-id"), got.header("x-wc-webhook-topic"), got.header("x-wc-webhook-resource"), got.header("x-wc-webhook-event")) == ("3", "order.created", "order", "created")
        assert got.header("user-agent") == "WooCommerce/2.3.0 Hookshot (WordPress/4.1)" and got.header("x-wc-webhook-source") is None
        wait_until(lambda: deliveries(shop, 3), 15, "the log")
        log, = deliveries(shop, 3)
        assert list(log) == ["id", "duration", "summary", "request_method", "request_url", "request_headers", "request_body", "response_code", "response_message", "response_headers", "response_body", "created_at"]
        assert type(log["id"]) is int and log["id"] < 2**53 and got.header("x-wc-webhook-delivery-id") == str(log["id"])
        assert re.fullmatch(r"\d+\.\d{5}", log["duration"]) and log["summary"] == "HTTP 200 Scripted: ok" and log["request_method"] == "POST" and log["request_url"] == sink.url + "/hook?a=b"
        assert list(log["request_headers"]) == ["User-Agent", "Content-Type", "X-WC-Webhook-Topic", "X-WC-Webhook-Resource", "X-WC-Webhook-Event", "X-WC-Webhook-Signature", "X-WC-Webhook-ID", "X-WC-Webhook-Delivery-ID"]
        assert log["request_headers"]["X-WC-Webhook-ID"] == 3 and log["request_headers"]["X-WC-Webhook-Delivery-ID"] == log["id"] and log["request_headers"]["X-WC-Webhook-Signature"] == signature(got.body)
        assert log["request_body"].encode() == got.body and log["response_code"] == "200" and log["response_message"] == "Scripted" and log["response_body"] == "ok"
        assert log["response_headers"]["server"] == "gunicorn/18.0" and log["response_headers"]["x-twice"] == ["1", "2"] and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", log["created_at"])
        assert answer(shop.call("GET", f"/wc-api/v2/webhooks/3/deliveries/{log['id']}"), 200) == {"webhook_delivery": log}
        assert answer(shop.call("GET", f"/wc-api/v2/webhooks/3/deliveries/{log['id']}?fields=id,summary"), 200) == {"webhook_delivery": {"id": log["id"], "summary": log["summary"]}}
        other = answer(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": sink.url}}), 201)["webhook"]["id"]
        assert shop.call("GET", f"/wc-api/v2/webhooks/{other}/deliveries/{log['id']}").status == 400  # another webhook's
        # /wp-json tells the same.
        theirs, = deliveries(shop, 3, "/wp-json/wc/v3/webhooks", None)
        assert [name for name in theirs if name not in ("date_created", "date_created_gmt", "_links")] == [name for name in log if name != "created_at"]
        assert theirs["date_created"] + "Z" == log["created_at"] and theirs["_links"]["up"] == [{"href": f"https://{HOST}/wp-json/wc/v3/webhooks/3"}]
        assert answer(shop.call("GET", f"/wp-json/wc/v1/webhooks/3/deliveries/{log['id']}"), 200)["id"] == log["id"]
        assert made["id"] == 3


def test_rest_webhook_is_delivered_in_todays_way(tmp_path, upstream):
    with Sink() as sink, Shop(upstream=upstream.url, directory=tmp_path) as shop:
        made = answer(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": sink.url, "secret": SECRET}), 201)
        place_order(shop)
        wait_until(lambda: split(sink)[1], 15, "the delivery")
        got, = split(sink)[1]
        assert json.loads(got.body) == ORDER and got.header("x-wc-webhook-signature") == signature(got.body)
        assert got.header("user-agent") == "WooCommerce/6.5.1 Hookshot (WordPress/6.1.9)" and got.header("x-wc-webhook-source") == f"https://{HOST}/"
        assert got.header("x-wc-webhook-id") == str(made["id"]) and re.fullmatch(r"[0-9a-f]{32}", got.header("x-wc-webhook-delivery-id"))
        wait_until(lambda: deliveries(shop, made["id"]), 15, "the log")
        log, = deliveries(shop, made["id"])
        assert log["request_headers"]["X-WC-Webhook-Delivery-ID"] == got.header("x-wc-webhook-delivery-id")


def test_paused_ones_get_nothing_and_a_change_takes_effect(tmp_path, upstream):
    with Sink() as first, Sink() as second, Shop(upstream=upstream.url, directory=tmp_path) as shop:
        made = answer(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": first.url, "secret": SECRET}), 201)
        one = f"/wp-json/wc/v3/webhooks/{made['id']}"
        shop.call("PUT", one, {"status": "paused"})
        place_order(shop)
        shop.call("PUT", one, {"status": "active", "delivery_url": second.url, "secret": SECRET + "2"})
        place_order(shop)
        wait_until(lambda: split(second)[1], 15, "the delivery to the new URL")
        assert split(first)[1] == [] and len(split(second)[1]) == 1
        got = split(second)[1][0]
        assert got.header("x-wc-webhook-signature") != signature(got.body)
        shop.call("DELETE", one + "?force=true")
        place_order(shop, "/wc-api/v2/orders")
        other = answer(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": first.url}), 201)
        place_order(shop, "/wc-api/v2/orders")
        wait_until(lambda: split(first)[1], 15, "the delivery to another webhook")
        assert len(split(second)[1]) == 1 and split(first)[1][0].header("x-wc-webhook-id") == str(other["id"])


def test_no_answer_is_logged_as_wordpress_says_it_and_a_failed_ping_counts_for_nothing(tmp_path, upstream):
    def never(got):
        return (500, (), b"no pings") if got.body.startswith(b"webhook_id") else None
    with Sink([never]) as sink, Shop(upstream=upstream.url, directory=tmp_path) as shop:
        made = answer(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": sink.url}}), 201)["webhook"]
        sink.wait(1)
        place_order(shop)
        wait_until(lambda: split(sink)[1], 15, "the delivery")
        sink.close()
        wait_until(lambda: deliveries(shop, made["id"]), 20, "the log")
        log, = deliveries(shop, made["id"])
        assert log["response_code"] == "http_request_failed" and log["response_headers"] == [] and log["response_body"] == "" and log["summary"].startswith("HTTP http_request_failed ")
        assert len(split(sink)[0]) == 1
        assert answer(shop.call("GET", f"/wc-api/v2/webhooks/{made['id']}"), 200)["webhook"]["status"] == "active"


def test_the_log_shows_the_newest_25(tmp_path, upstream):
    with Sink() as sink, Shop(upstream=upstream.url, directory=tmp_path) as shop:
        made = answer(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": sink.url}}), 201)["webhook"]
        for _ in range(28):
            place_order(shop)
        wait_until(lambda: len(split(sink)[1]) == 28, 30, "28 deliveries")
        wait_until(lambda: len(deliveries(shop, made["id"])) == 25, 15, "25 in the log")
        ids = [each["id"] for each in deliveries(shop, made["id"])]
        assert ids == sorted(ids, reverse=True) and len(set(ids)) == 25


def test_a_webhook_listens_to_any_hooks_topic(tmp_path, upstream):
    more = '\n[[hook]]\ntopic = "parcel.sent"\nmatch = "POST /parcels"\nid = "response:/id"\npayload = "response:"\n'
    with Sink() as sink, Shop(api_section(behind_tls=True), upstream=upstream.url, directory=tmp_path, more=more) as shop:
        answer(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "parcel.sent", "delivery_url": sink.url, "secret": SECRET}), 201)
        assert request(shop.host.port, "POST", "/parcels", "{}").status == 201
        wait_until(lambda: split(sink)[1], 15, "the delivery")
        got, = split(sink)[1]
        assert got.header("x-wc-webhook-topic") == "parcel.sent" and got.header("x-wc-webhook-resource") == "parcel" and json.loads(got.body) == ORDER
