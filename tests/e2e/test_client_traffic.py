"""Recorded traffic of the systems' real clients (requests of the real libraries; the answers as their documentation has them), and of a plain
JSON server, through `trotline explain`: which events, exchange by exchange. What is not in the lists makes none: webhook management,
reads, orders of other things.
"""

import json

import pytest
from cli import said
from harness import CASES, trotline

CLIENTS = {
    ("cosmic", "cosmic-v1-cosmicjs3.4.4"): {
        "POST /v1/bucket-slug/add-object": ["object.created.draft 568c5fb72f0c5d532d000001"],
        "PUT /v1/bucket-slug/edit-object": ["object.edited.published 568c5fb72f0c5d532d000001"],
        "PATCH /v1/bucket-slug/edit-object-metafields": ["object.edited.published 568c5fb72f0c5d532d000001"],
        "DELETE /v1/bucket-slug/objects/cosmic-js-example": ["object.deleted 568c5fb72f0c5d532d000001"],
        "POST /v1/bucket-slug/media": ["media.created 5a4b18e12fff7ec0e3c13c65"],
        "DELETE /v1/bucket-slug/media/5a4b18e1": ["media.deleted 5a4b18e1"],
    },
    ("datocms", "datocms-cma-client-5.8.1"): {
        "POST /items": ["item.create 312"],
        "PUT /items/4235": ["item.update 4235"],
        "PUT /items/4235/publish": ["item.publish 4235"],
        "PUT /items/4235/publish?recursive=true": ["item.publish 4235"],
        "PUT /items/4235/unpublish": ["item.unpublish 4235"],
        "DELETE /items/4235": ["item.delete 4235"],
        "POST /items/4235/duplicate": ["item.create 4235"],
        "POST /items/bulk/publish": ["item.publish 1", "item.publish 2"],
        "POST /items/bulk/destroy": ["item.delete 1"],
        "POST /item-types": ["item_type.create 312"],
        "PUT /item-types/44": ["item_type.update 44"],
        "DELETE /item-types/44": ["item_type.delete 44"],
        # POST /uploads is answered with a job.
        "GET /job-results/j1": ["upload.create u1"],
        "PUT /uploads/u1": ["upload.update u1"],
        "DELETE /uploads/u1": ["upload.delete u1"],
        "POST /build-triggers/7/trigger": ["build_trigger.deploy_started 7"],
        "PUT /environments/sb/promote": ["environment.promote sb"],
    },
    ("shareactor", "shareactor-kvass-core-sdk-1.1.0"): {
        "POST /orders": ["order.created 5964a0ead57ba2036750a3b4"],
        "PUT /orders/5964a0ead57ba2036750a3b4": ["order.updated 5964a0ead57ba2036750a3b4"],
        "POST /orders/5964a0ead57ba2036750a3b4/pay": ["payment.created 5964a0ead57ba2036750a3b4"],
        "POST /orders/5964a0ead57ba2036750a3b4/cancel": ["order.cancelled 5964a0ead57ba2036750a3b4"],
        "POST /orders/5964a0ead57ba2036750a3b4/deliveries": ["order.updated 5964a0ead57ba2036750a3b4"],
        "PUT /users/u1": ["user.updated u1"],
        "DELETE /users/u1": ["user.deleted u1"],
        # Created and updated at the same time: the login made the user.
        "POST /v2/users": ["user.created 5964a0ead57ba2036750a3b4"],
        "POST /products": ["product.created 5964a0ead57ba2036750a3b4"],
        "POST /subscriptions": ["subscription.created 5964a0ead57ba2036750a3b4"],
    },
    ("woocommerce", "woocommerce-clients-http"): {
        "POST /wp-json/wc/v3/orders": ["order.created 727"],
        "PUT /wp-json/wc/v3/orders/727": ["order.updated 727"],
        "DELETE /wp-json/wc/v3/orders/727": ["order.deleted 727"],
        "POST /wp-json/wc/v3/orders/batch": ["order.created 100", "order.updated 5", "order.deleted 6"],
        "POST /wp-json/wc/v3/orders/727/refunds": ["order.updated 727"],
        "POST /wp-json/wc/v3/products": ["product.created 727"],
        "PUT /wp-json/wc/v3/products/794": ["product.updated 794"],
        "POST /wp-json/wc/v3/products/22/variations": ["product.created 727"],
        "POST /?rest_route=%2Fwc%2Fv3%2Fcoupons": ["coupon.created 727"],
        "PATCH /?rest_route=%2Fwc%2Fv3%2Fcoupons%2F727": ["coupon.updated 727"],
        "DELETE /?force=true&rest_route=%2Fwc%2Fv3%2Fcoupons%2F727": ["coupon.deleted 727"],
        "POST /?rest_route=%2Fwc%2Fv3%2Fproducts%2F": ["product.created 727"],
        "DELETE /?force=true&rest_route=%2Fwc%2Fv3%2Fproducts%2F727": ["product.deleted 727"],
        "POST /?rest_route=%2Fwc%2Fv3%2Forders": ["order.created 727"],
    },
}
QUERY_COUNTS = ("publish?", "rest_route=")  # in the others it holds OAuth's, which is new each time


def har(recorded):
    """The recording as an HTTP Archive, which explain reads."""
    entries = []
    for line in recorded.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        headers = [dict(zip(("name", "value"), header.split(": ", 1))) for header in one["headers"]]
        request = {"method": one["method"], "url": "http://recorded.example" + one["url"], "headers": headers}
        if one.get("body"):
            request["postData"] = {"text": one["body"]}
        answer = {"status": one["status"], "headers": [{"name": "content-type", "value": "application/json"}],
                  "content": {"text": one.get("resp") or ""}}
        entries.append({"request": request, "response": answer})
    return json.dumps({"log": {"entries": entries}})


@pytest.mark.parametrize(("dialect", "recording"), list(CLIENTS))
def test_what_the_real_clients_ask_makes_these_events(dialect, recording, tmp_path):
    (tmp_path / "t.toml").write_text(f'dialects = ["{dialect}"]\n')
    (tmp_path / "t.har").write_text(har(CASES / "traffic" / "clients" / f"{recording}.jsonl"))
    lines = [json.loads(line) for line in said(trotline("explain", "-c", tmp_path / "t.toml", "--har", tmp_path / "t.har"), 0).splitlines()]
    got = {}
    for line in lines:
        url = line["url"].removeprefix("http://recorded.example")
        if not any(sign in url for sign in QUERY_COUNTS):
            url = url.partition("?")[0]
        events = [f"{event['topic']} {event['resource_id']}" for event in line["events"]]
        if events:
            assert got.setdefault(f"{line['method']} {url}", events) == events
    assert got == CLIENTS[dialect, recording]


PLAIN = """
[capture]
method_override = false
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[hook]]
topic = "order.updated"
match = "PUT,PATCH /orders/{id}"
id = "path:id"
[[hook]]
topic = "order.deleted"
match = "DELETE /orders/{id}"
id = "path:id"
[[hook]]
topic = "post.updated"
match = "PUT /posts/{id}"
id = "path:id"
"""


def test_a_plain_json_server(tmp_path):
    """Pretty-printed answers, gzip, 404 for what is not there."""
    (tmp_path / "t.toml").write_text(PLAIN)
    requests = sorted((CASES / "traffic" / "json-server").glob("*.req"))
    arguments = [word for request in requests for word in ("--exchange", request, request.with_suffix(".res"))]
    lines = [json.loads(line) for line in said(trotline("explain", "-c", tmp_path / "t.toml", *arguments), 0).splitlines()]
    got = {request.stem: [f"{event['topic']} {event['resource_id']}" for event in line["events"]]
           for request, line in zip(requests, lines)}
    assert got == {
        "01-order-create": ["order.created 1"],
        "02-order-put": ["order.updated 1"],
        "03-order-patch": ["order.updated 1"],
        "04-order-delete": ["order.deleted 1"],
        "05-order-delete-404": [],
        "06-orders-gzip-get": [],
        "07-post-put-keepalive-gzip": ["post.updated 1"],
    }
    assert lines[0]["events"][0]["payload"] == {"total": 5, "id": 1}
