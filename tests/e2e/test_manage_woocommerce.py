"""WooCommerce's management API, both families: every route does what the shop's does, and says it in the shop's words.

Longer than 400 lines because both families are asked the same things side by side, and share one running host."""

import json
import re

import pytest
from harness import trotline
from shop import HOST, KEYS, OTHER, Shop, answer, api_section, legacy_error, rest_error

URL = "http://127.0.0.1:18999/hook"
LEGACY = ["id", "name", "status", "topic", "resource", "event", "hooks", "delivery_url", "created_at", "updated_at"]
REST = LEGACY[:8] + ["date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "_links"]
SEED_HOOKS = ["woocommerce_checkout_order_processed", "woocommerce_process_shop_order_meta", "woocommerce_api_create_order"]

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    more = '\n[[hook]]\ntopic = "invoice.paid"\nmatch = "POST /invoices"\n[[hook]]\ntopic = "entry.{response:/type}.saved"\nmatch = "POST /entries"\n'
    with Shop(directory=tmp_path_factory.mktemp("shop"), more=more) as running:
        yield running


@pytest.fixture
def empty(tmp_path):
    with Shop(directory=tmp_path) as running:
        yield running


def legacy(shop, **webhook):
    return answer(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": URL, **webhook}}), 201)["webhook"]


def rest(shop, version=3, **webhook):
    return answer(shop.call("POST", f"/wp-json/wc/v{version}/webhooks", {"topic": "order.created", "delivery_url": URL, **webhook}), 201)


def legacy_ids(shop, query=""):
    return [each["id"] for each in answer(shop.call("GET", "/wc-api/v2/webhooks" + query), 200)["webhooks"]]


def rest_ids(shop, query=""):
    return [each["id"] for each in answer(shop.call("GET", "/wp-json/wc/v3/webhooks" + query), 200)]


# ---- the legacy API


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_seeds_own_example(shop, version):
    said = {"webhook": {"name": "An add to cart webhook", "secret": "my-super-secret-private-key", "topic": "action.woocommerce_add_to_cart", "delivery_url": URL}}
    reply = shop.call("POST", f"/wc-api/v{version}/webhooks", said)
    made = answer(reply, 201)["webhook"]
    assert list(made) == LEGACY and type(made["id"]) is int and "secret" not in reply.body.decode()
    assert {**made, "id": 535, "created_at": "", "updated_at": ""} == {
        "id": 535, "name": "An add to cart webhook", "status": "active", "topic": "action.woocommerce_add_to_cart", "resource": "action",
        "event": "woocommerce_add_to_cart", "hooks": ["woocommerce_add_to_cart"], "delivery_url": URL, "created_at": "", "updated_at": ""}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["created_at"]) and made["created_at"] == made["updated_at"]
    assert reply.body.decode().count("\\/") == URL.count("/")  # PHP's spelling
    one = f"/wc-api/v{version}/webhooks/{made['id']}"
    assert answer(shop.call("GET", one), 200) == {"webhook": made}
    paused = answer(shop.call("PUT", f"/wc-api/v{version}/webhook/{made['id']}", {"webhook": {"status": "paused"}}), 200)["webhook"]
    assert {**paused, "updated_at": ""} == {**made, "status": "paused", "updated_at": ""}
    assert answer(shop.call("GET", one + "/deliveries"), 200) == {"webhook_deliveries": []}
    assert answer(shop.call("DELETE", one), 200) == {"message": "Permanently deleted webhook"}
    assert legacy_error(shop.call("GET", one), 404, "woocommerce_api_no_webhook_found") == f"No webhook found with the ID equal to {made['id']}"


def test_defaults_and_what_a_client_has_no_say_in(shop):
    made = legacy(shop, status="paused", id=7, hooks=["x"], resource="y", created_at="1999-01-01T00:00:00Z", colour={"red": 1})
    assert made["status"] == "active" and made["hooks"] == SEED_HOOKS and made["resource"] == "order" and made["id"] != 7
    assert re.fullmatch(r"Webhook created on [A-Z][a-z]{2} \d\d, \d{4} @ \d\d:\d\d [AP]M", made["name"])
    assert made["created_at"] > "2020" and made["colour"] == {"red": 1} and list(made) == [*LEGACY, "colour"]
    changed = answer(shop.call("PATCH", f"/wc-api/v3/webhooks/{made['id']}", {"webhook": {"colour": None, "shape": "round", "name": "", "topic": None}}), 200)["webhook"]
    assert list(changed) == [*LEGACY, "shape"] and changed["name"] == made["name"] and changed["topic"] == made["topic"]


def test_every_value_can_be_changed_and_status_words(shop):
    made = legacy(shop)
    one = f"/wc-api/v2/webhooks/{made['id']}"
    for said in ({"name": "Größe / 日本"}, {"topic": "Product.Updated"}, {"delivery_url": "http://127.0.0.1:18998/other?x=1"}, {"secret": "another secret"}, {"status": "disabled"}, {"status": "active"}):
        changed = answer(shop.call("POST", one, {"webhook": said}), 200)["webhook"]
        for name, value in said.items():
            assert name == "secret" or changed[name] == (value.lower() if name == "topic" else value)
    assert (changed["resource"], changed["event"]) == ("product", "updated")
    assert answer(shop.call("PUT", one, {"webhook": {"status": "sleeping"}}), 200)["webhook"]["status"] == "disabled"
    got = shop.call("GET", one)
    assert b"another secret" not in got.raw and rb"Gr\u00f6\u00dfe \/ \u65e5\u672c" in got.body  # as PHP's json_encode


def test_legacy_list_filters_and_paging(empty):
    shop = empty
    made = [legacy(shop, name=f"hook {number:02}", topic="order.updated" if number % 2 else "order.created") for number in range(13)]
    ids = [each["id"] for each in made][::-1]
    shop.call("PUT", f"/wc-api/v2/webhooks/{ids[0]}", {"webhook": {"status": "paused"}})
    shop.call("PUT", f"/wc-api/v2/webhooks/{ids[1]}", {"webhook": {"status": "disabled"}})
    first = shop.call("GET", "/wc-api/v2/webhooks")
    assert [each["id"] for each in answer(first, 200)["webhooks"]] == ids[:10] and [each["name"] for each in answer(first, 200)["webhooks"]][2] == "hook 10"
    assert (first.header("x-wc-total"), first.header("x-wc-totalpages")) == ("13", "2")
    base = f"https://{HOST}/wc-api/v2/webhooks"
    assert first.all("link") == [f'<{base}?page=2>; rel="next"', f'<{base}?page=2>; rel="last"']
    middle = shop.call("GET", "/wc-api/v2/webhooks?filter[limit]=5&page=2&consumer_key=x&oauth_nonce=y")
    assert [each["id"] for each in answer(middle, 200)["webhooks"]] == ids[5:10]
    assert middle.all("link") == [f'<{base}?filter[limit]=5&page={page}>; rel="{rel}"' for page, rel in ((1, "first"), (1, "prev"), (3, "next"), (3, "last"))]
    assert shop.call("GET", "/wc-api/v2/webhooks?filter[limit]=50").all("link") == []
    assert legacy_ids(shop, "?filter%5Blimit%5D=3&filter[offset]=2") == ids[2:5]
    assert legacy_ids(shop, "?filter[limit]=-1") == ids and legacy_ids(shop, "?filter[order]=ASC&filter[limit]=2") == ids[::-1][:2]
    assert legacy_ids(shop, "?filter[orderby]=title&filter[order]=asc&filter[limit]=1") == [ids[-1]]
    assert legacy_ids(shop, "?status=paused") == [ids[0]] == legacy_ids(shop, "?filter[status]=paused")
    assert legacy_ids(shop, "?status=disabled") == [ids[1]] and len(legacy_ids(shop, "?status=active&filter[limit]=50")) == 11
    assert legacy_ids(shop, "?filter[q]=HOOK+07") == [ids[5]] and legacy_ids(shop, "?filter[q]=nothing") == []
    assert legacy_ids(shop, f"?filter[in]={ids[3]},{ids[7]}") == [ids[3], ids[7]] and legacy_ids(shop, "?filter[in]=x") == []
    assert legacy_ids(shop, "?filter[limit]=junk&page=junk") == ids[:10] and legacy_ids(shop, "?page=9") == []
    at = made[0]["created_at"]
    assert len(legacy_ids(shop, f"?filter[created_at_min]={at}&filter[limit]=50")) == 13 and legacy_ids(shop, f"?filter[created_at_max]={at}&filter[limit]=50")[-1] == ids[-1]
    assert legacy_ids(shop, "?filter[created_at_max]=2020-01-01") == [] == legacy_ids(shop, "?filter[updated_at_min]=2999-01-01T00:00:00Z") == legacy_ids(shop, "?filter[created_at_max]=junk")
    assert answer(shop.call("GET", "/wc-api/v2/webhooks?fields=id,topic&filter[limit]=1"), 200) == {"webhooks": [{"id": ids[0], "topic": "order.created"}]}
    assert answer(shop.call("GET", f"/wc-api/v2/webhooks/{ids[0]}?fields=id"), 200) == {"webhook": {"id": ids[0]}}
    for query, count in (("", 13), ("?status=paused", 1), ("?filter[q]=hook+0", 10), ("?status=nonsense", 11)):
        assert answer(shop.call("GET", "/wc-api/v2/webhooks/count" + query), 200) == {"count": count}


@pytest.mark.parametrize("spell", [
    lambda path: f"/index.php/wc-api/v2{path}", lambda path: f"/wc-api/v2{path}/", lambda path: f"/?wc-api-version=2&wc-api-route={path}",
    lambda path: f"/index.php?wc-api-version=2&wc-api-route={path.replace('/', '%2F')}", lambda path: f"/wc-api/V2{path}"])
def test_legacy_routes_in_their_spellings(shop, spell):
    made = answer(shop.call("POST", spell("/webhooks"), {"webhook": {"topic": "order.created", "delivery_url": URL}}), 201)["webhook"]
    one = spell(f"/webhooks/{made['id']}")
    join = "&" if "?" in one else "?"
    assert answer(shop.call("GET", one), 200)["webhook"] == made
    assert answer(shop.call("GET", one + join + "_method=PUT", {"webhook": {"status": "paused"}}), 200)["webhook"]["status"] == "paused"
    assert answer(shop.call("POST", one, {"webhook": {}}, headers=[("X-HTTP-Method-Override", "delete")]), 200) == {"message": "Permanently deleted webhook"}
    assert shop.call("GET", one).status == 404


@pytest.mark.parametrize("path", ["/wc-api/v4/webhooks", "/wc-api/v2/orders", "/wc-api/v2/webhooksx", "/wc-api/v2", "/wp-json/wc/v4/webhooks", "/wp-json/wc/v3/orders", "/wp-json/wp/v2/webhooks",
                                  "/webhooks", "/?rest_route=/wc/v3/orders", "/wp-json/wc/v3/webhooks?rest_route=/wc/v3/orders", "/?wc-api-version=7&wc-api-route=/webhooks", "/wc-api/v2%2Fwebhooks"])
def test_what_is_not_of_the_api_goes_to_the_upstream(shop, path):
    reply = shop.call("GET", path)  # a route in the query wins, as in WordPress
    assert reply.status == 502 and b"woocommerce" not in reply.body


LEGACY_NO_ROUTE = [("POST", "/webhooks/count"), ("PUT", "/webhooks"), ("DELETE", "/webhooks"), ("GET", "/webhooks/abc"), ("GET", "/webhooks/1/x"), ("GET", "/webhook"),
                   ("POST", "/webhooks/1/deliveries"), ("DELETE", "/webhooks/1/deliveries/2"), ("GET", "/webhooks/batch"), ("GET", "/webhooks/1/deliveries/2/3")]


@pytest.mark.parametrize("method, path", LEGACY_NO_ROUTE)
def test_legacy_no_route(shop, method, path):
    assert legacy_error(shop.call(method, "/wc-api/v2" + path, {} if method in ("POST", "PUT") else None), 404, "woocommerce_api_no_route")


def test_legacy_other_methods(shop):
    for method in ("OPTIONS", "PROPFIND"):
        assert legacy_error(shop.call(method, "/wc-api/v2/webhooks"), 400, "woocommerce_api_unsupported_method") == "Unsupported request method"
    assert shop.call("HEAD", "/wc-api/v2/webhooks").status == 200


def test_legacy_unknown_ids(shop):
    for method, data in (("GET", None), ("DELETE", None), ("PUT", {"webhook": {"status": "paused"}})):
        assert legacy_error(shop.call(method, "/wc-api/v2/webhooks/99999", data), 404, "woocommerce_api_no_webhook_found") == "No webhook found with the ID equal to 99999"
        assert legacy_error(shop.call(method, "/wc-api/v2/webhooks/0", data), 404, "woocommerce_api_invalid_webhook_id")
        assert shop.call(method, "/wc-api/v2/webhooks/" + "9" * 40, data).status == 404
    made = legacy(shop)
    assert answer(shop.call("GET", f"/wc-api/v2/webhooks/000{made['id']}"), 200)["webhook"] == made
    assert legacy_error(shop.call("GET", f"/wc-api/v2/webhooks/{made['id']}/deliveries/0"), 404, "woocommerce_api_invalid_webhook_delivery_id") == "Invalid webhook delivery ID."
    assert legacy_error(shop.call("GET", f"/wc-api/v2/webhooks/{made['id']}/deliveries/378"), 400, "woocommerce_api_invalid_webhook_delivery_id") == "Invalid webhook delivery."
    assert legacy_error(shop.call("GET", "/wc-api/v2/webhooks/99999/deliveries"), 404, "woocommerce_api_no_webhook_found")


# ---- /wp-json


@pytest.mark.parametrize("version", [1, 2, 3])
def test_rest_webhook_through_its_life(shop, version):
    base = f"https://{HOST}/wp-json/wc/v{version}/webhooks"
    path = f"/wp-json/wc/v{version}/webhooks"
    reply = shop.call("POST", path, {"name": "Orders", "topic": "order.updated", "delivery_url": URL, "secret": "lab-webhook-secret", "status": "paused"})
    made = answer(reply, 201)
    members = [name for name in REST if version > 1 or not name.endswith("_gmt")]
    assert list(made) == members and made["status"] == "active" and made["date_modified"] is None
    assert made["hooks"] == ["woocommerce_update_order", "woocommerce_order_refunded"] and made["_links"] == {"self": [{"href": f"{base}/{made['id']}"}], "collection": [{"href": base}]}
    assert reply.header("location") == f"{base}/{made['id']}" and reply.header("allow") == "GET, POST" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", made["date_created"])
    known = answer(shop.call("GET", f"{path}/{made['id']}"), 200)
    assert list(known) == members and known["date_modified"] == known["date_created"] == made["date_created"]
    for method, status in (("PUT", "paused"), ("PATCH", "disabled"), ("POST", "active")):
        assert answer(shop.call(method, f"/wp-json/wc/v{version}/webhook{'s' if method == 'POST' else ''}/{made['id']}", {"status": status}), 200)["status"] == status
    assert rest_error(shop.call("DELETE", f"{path}/{made['id']}"), 501, "woocommerce_rest_trash_not_supported") == "Webhooks do not support trashing."
    assert rest_error(shop.call("DELETE", f"{path}/{made['id']}?force=false"), 501, "woocommerce_rest_trash_not_supported")
    gone = answer(shop.call("DELETE", f"{path}/{made['id']}?force=true"), 200)
    assert gone["id"] == made["id"] and list(gone) == members
    assert rest_error(shop.call("DELETE", f"{path}/{made['id']}?force=true"), 404, "woocommerce_rest_shop_webhook_invalid_id") == "Invalid ID."
    assert rest_error(shop.call("GET", f"{path}/{made['id']}"), 400, "woocommerce_rest_shop_webhook_invalid_id") == "ID is invalid."
    assert rest_error(shop.call("PUT", f"{path}/{made['id']}", {"name": "x"}), 400, "woocommerce_rest_shop_webhook_invalid_id") == "ID is invalid."
    assert rest_error(shop.call("GET", f"{path}/0"), 404, "woocommerce_rest_shop_webhook_invalid_id") == "Invalid ID."


def test_rest_list_parameters_and_paging(empty):
    shop = empty
    made = [rest(shop, name=f"hook {number:02}") for number in range(12)]
    ids = [each["id"] for each in made][::-1]
    shop.call("PUT", f"/wp-json/wc/v3/webhooks/{ids[0]}", {"status": "paused"})
    base = f"https://{HOST}/wp-json/wc/v3/webhooks"
    first = shop.call("GET", "/wp-json/wc/v3/webhooks?consumer_key=a&consumer_secret=b", key=None)
    assert first.status == 401
    first = shop.call("GET", "/wp-json/wc/v3/webhooks")
    assert [each["id"] for each in answer(first, 200)] == ids[:10] and (first.header("x-wp-total"), first.header("x-wp-totalpages")) == ("12", "2")
    assert first.all("link") == [f'<{base}?page=2>; rel="next"']
    middle = shop.call("GET", f"/wp-json/wc/v3/webhooks?per_page=5&page=2&order=asc&consumer_key={KEYS['full'][0]}&consumer_secret={KEYS['full'][1]}", key=None)
    assert [each["id"] for each in answer(middle, 200)] == ids[::-1][5:10]
    assert middle.all("link") == [f'<{base}?per_page=5&order=asc&page=1>; rel="prev", <{base}?per_page=5&order=asc&page=3>; rel="next"']
    assert KEYS["full"][1] not in middle.raw.decode()
    assert rest_ids(shop, "?offset=3&per_page=2") == ids[3:5] and rest_ids(shop, "?page=99") == []
    assert rest_ids(shop, "?orderby=title&order=asc&per_page=1") == [ids[-1]] and rest_ids(shop, "?orderby=id&per_page=1") == [ids[0]]
    assert rest_ids(shop, "?status=paused") == [ids[0]] and rest_ids(shop, "?status=disabled") == [] and len(rest_ids(shop, "?status=active&per_page=100")) == 11
    assert rest_ids(shop, "?search=hook+07") == [ids[4]]
    assert rest_ids(shop, f"?include={ids[2]},{ids[4]}") == [ids[2], ids[4]] == rest_ids(shop, f"?include[]={ids[2]}&include[]={ids[4]}") == rest_ids(shop, f"?include[0]={ids[2]}&include[1]={ids[4]}")
    assert rest_ids(shop, f"?exclude={ids[0]}&per_page=3") == ids[1:4]
    assert rest_ids(shop, "?after=2999-01-01T00:00:00") == [] == rest_ids(shop, "?before=2020-01-01T00:00:00Z") and len(rest_ids(shop, "?after=2020-01-01T00:00:00&before=2999-01-01T00:00:00")) == 10
    assert answer(shop.call("GET", "/wp-json/wc/v3/webhooks?per_page=1&_fields=id,_links.self.href"), 200)[0].keys() == {"id", "_links"}
    assert answer(shop.call("GET", f"/wp-json/wc/v3/webhooks/{ids[0]}?_fields=id&context=edit"), 200) == {"id": ids[0]}
    wrapped = answer(shop.call("GET", "/wp-json/wc/v3/webhooks?per_page=1&_envelope&_fields=id"), 200)
    assert list(wrapped) == ["body", "status", "headers"] and wrapped["body"] == [{"id": ids[0]}] and wrapped["headers"]["X-WP-Total"] == "12"


@pytest.mark.parametrize("query, message", [
    ("per_page=0", "per_page must be between 1 (inclusive) and 100 (inclusive)"), ("per_page=101", "per_page must be between 1 (inclusive) and 100 (inclusive)"),
    ("per_page=x", "per_page is not of type integer."), ("page=0", "page must be greater than or equal to 1"), ("page=-1", "page must be greater than or equal to 1"),
    ("order=up", "order is not one of desc and asc."), ("orderby=size", "orderby is not one of date, id, and title."),
    ("status=broken", "status is not one of all, active, paused, and disabled."), ("after=yesterday", "Invalid date."), ("before=1", "Invalid date."),
    ("offset=x", "offset is not of type integer."), ("context=all", "context is not one of view, edit, and embed."), ("page=" + "9" * 30, "page is not of type integer.")])
def test_rest_list_refuses_wrong_parameters(shop, query, message):
    reply = shop.call("GET", "/wp-json/wc/v3/webhooks?" + query)
    name = query.split("=")[0]
    assert rest_error(reply, 400, "rest_invalid_param") == f"Invalid parameter(s): {name}"
    data = json.loads(reply.body)["data"]
    assert data["params"] == {name: message} and data["details"][name]["message"] == message


@pytest.mark.parametrize("spell", [lambda path: f"/?rest_route=/wc/v3{path}", lambda path: f"/index.php?rest_route=%2Fwc%2Fv3{path}%2F", lambda path: f"/index.php/wp-json/wc/v3{path}",
                                   lambda path: f"/wp-json/wc/v3{path}/", lambda path: f"/wp-json/WC/v3{path}"])
def test_rest_routes_in_their_spellings(shop, spell):
    made = answer(shop.call("POST", spell("/webhooks"), {"topic": "order.created", "delivery_url": URL}), 201)
    one = spell(f"/webhooks/{made['id']}")
    join = "&" if "?" in one else "?"
    assert made["_links"]["self"] == [{"href": f"https://{HOST}/wp-json/wc/v3/webhooks/{made['id']}"}]
    assert answer(shop.call("POST", one + join + "_method=put", {"status": "paused"}), 200)["status"] == "paused"
    assert answer(shop.call("POST", one + join + "force=1", headers=[("X-HTTP-Method-Override", "DELETE")]), 200)["id"] == made["id"]
    assert shop.call("GET", one).status == 400
    # The header is not signed, and so counts on a POST only.
    other = rest(shop)["id"]
    assert answer(shop.call("GET", spell(f"/webhooks/{other}") + join + "force=1", headers=[("X-HTTP-Method-Override", "DELETE")]), 200)["id"] == other
    assert answer(shop.call("GET", spell(f"/webhooks/{other}")), 200)


def test_rest_takes_forms_and_queries(shop):
    form = "topic=order.created&delivery_url=http%3A%2F%2F127.0.0.1%3A18999%2Fx+y&name=a+form"
    assert rest_error(shop.call("POST", "/wp-json/wc/v3/webhooks", form, content_type="application/x-www-form-urlencoded"), 400, "woocommerce_rest_shop_webhook_invalid_delivery_url")
    made = answer(shop.call("POST", "/wp-json/wc/v3/webhooks", form.replace("+y", "y").replace("x ", "x"), content_type="application/x-www-form-urlencoded"), 201)
    assert made["name"] == "a form" and list(made) == REST
    made = answer(shop.call("POST", f"/wp-json/wc/v3/webhooks?topic=order.created&delivery_url={URL}&name=q"), 201)
    assert made["name"] == "q" and list(made) == REST
    assert answer(shop.call("DELETE", f"/wp-json/wc/v3/webhooks/{made['id']}", {"force": True}), 200)


def test_rest_options(shop):
    reply = shop.call("OPTIONS", "/wp-json/wc/v3/webhooks/1", key=None)
    assert answer(reply, 200) == {"namespace": "wc/v3", "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]} and reply.header("allow") == "GET, POST, PUT, PATCH, DELETE"


@pytest.mark.parametrize("method, path", [("PUT", "/webhooks"), ("DELETE", "/webhooks"), ("GET", "/webhooks/batch"), ("GET", "/webhooks/count"), ("GET", "/webhooks/x"), ("POST", "/webhooks/1/deliveries"),
                                          ("GET", "/webhook"), ("PROPFIND", "/webhooks")])
def test_rest_no_route(shop, method, path):
    assert rest_error(shop.call(method, "/wp-json/wc/v3" + path), 404, "rest_no_route") == "No route was found matching the URL and request method."


def test_rest_batch(empty):
    shop = empty
    kept, dropped = rest(shop, name="kept"), rest(shop, name="dropped")
    said = {"create": [{"topic": "order.created", "delivery_url": URL, "name": "one"}, {"topic": "bogus.thing", "delivery_url": URL}, {"topic": "order.created", "delivery_url": "ftp://x"},
                       {"id": 3, "topic": "order.created", "delivery_url": URL}, "nonsense"],
            "update": [{"id": kept["id"], "status": "paused"}, {"id": str(kept["id"]), "name": "renamed"}, {"id": 4242, "name": "x"}, {"name": "x"}, {"id": dropped["id"], "status": "zzz"}],
            "delete": [dropped["id"], 4243, "nonsense", dropped["id"]]}
    done = answer(shop.call("POST", "/wp-json/wc/v3/webhooks/batch", said), 200)
    assert list(done) == ["create", "update", "delete"]
    def codes(entries):
        return [entry["error"]["code"].removeprefix("woocommerce_rest_shop_webhook_") if "error" in entry else entry["name"] for entry in entries]
    assert codes(done["create"]) == ["one", "invalid_topic", "invalid_delivery_url", "exists", "invalid_topic"] and list(done["create"][0]) == REST
    assert done["create"][1] == {"id": 0, "error": {"code": "woocommerce_rest_shop_webhook_invalid_topic", "message": "Webhook topic is required and must be valid.", "data": {"status": 400}}}
    assert codes(done["update"]) == ["kept", "renamed", "invalid_id", "invalid_id", "invalid_status"] and done["update"][2]["id"] == 4242
    assert done["update"][1]["status"] == "paused"  # each builds on those before it
    assert codes(done["delete"]) == ["dropped", "invalid_id", "invalid_id"] and done["delete"][1]["error"]["data"] == {"status": 404}
    assert {(each["name"], each["status"]) for each in answer(shop.call("GET", "/wp-json/wc/v3/webhooks"), 200)} == {("renamed", "paused"), ("one", "active")}
    assert answer(shop.call("PUT", "/wp-json/wc/v1/webhooks/batch", {}), 200) in ([], {})
    many = {"create": [{"topic": "order.created", "delivery_url": URL}] * 100}
    assert len(answer(shop.call("POST", "/wp-json/wc/v3/webhooks/batch", many), 200)["create"]) == 100
    many["delete"] = [1]
    assert rest_error(shop.call("POST", "/wp-json/wc/v3/webhooks/batch", many), 413, "woocommerce_rest_request_entity_too_large") == "Unable to accept more than 100 items for this request."
    assert rest_error(shop.call("POST", "/wp-json/wc/v3/webhooks/batch", {"create": "x"}), 400, "rest_invalid_param")
    assert shop.call("GET", "/wp-json/wc/v3/webhooks?per_page=1").header("x-wp-total") == "102"


# ---- bad input


CONTROL = ["a\nb", "a\r\nX-Injected: 1", "a\x01b", "a\x7fb"]
BAD_URLS = ["x", "ftp://127.0.0.1/", "http://", "//127.0.0.1/", "http://user:pass@127.0.0.1:18999/", "http://127.0.0.1:18999/#x", "http://127.0.0.1:22/", "http://127.1:18999/", "http://0x7f.1/",
            "http://127.0.0.1:18999/a\r\nb", "http://127.0.0.1:18999/" + "a" * 2048, "javascript:alert(1)", "file:///etc/passwd", "http://[::ffff:10.0.0.1", " http://127.0.0.1:18999/"]
GUARDED = ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://192.168.1.1:8080/", "http://[fd00::1]/"]
BAD_TOPICS = ["bogus.thing", "order", "order.", ".created", "order.paid", "orders.created", "order.*", "*", "action.other_thing", "action.", "action.woocommerce_x y", "Action.WooCommerce_Login_Credentials",
              "action.woocommerce_product_csv_importer_check_import_file_path", "action.woocommerce_webhook_should_deliver", "a" * 1001, "order.created\n", "entry..saved"]


def state(shop):
    return answer(shop.call("GET", "/wc-api/v2/webhooks?filter[limit]=-1"), 200)


@pytest.mark.parametrize("topic", [*BAD_TOPICS, 7, True, ["order.created"], {"a": 1}, None, "", "0"])
def test_bad_topics(shop, topic):
    before = state(shop)
    assert legacy_error(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": {"topic": topic, "delivery_url": URL}}), 400, "woocommerce_api_invalid_webhook_topic") == "Webhook topic is required and must be valid."
    reply = shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": topic, "delivery_url": URL})
    code = "rest_missing_callback_param" if topic is None else "woocommerce_rest_shop_webhook_invalid_topic" if isinstance(topic, str) else "rest_invalid_param"
    assert rest_error(reply, 400, code)
    if topic not in (None, "", "0"):
        one = before["webhooks"][0]["id"] if before["webhooks"] else legacy(shop)["id"]
        before = state(shop)
        assert legacy_error(shop.call("PUT", f"/wc-api/v2/webhooks/{one}", {"webhook": {"name": "never", "topic": topic}}), 400, "woocommerce_api_invalid_webhook_topic") == "Webhook topic must be valid."
        assert shop.call("PUT", f"/wp-json/wc/v3/webhooks/{one}", {"name": "never", "topic": topic}).status == 400
    assert state(shop) == before


@pytest.mark.parametrize("url", [*BAD_URLS, *GUARDED, 7, True, [URL], {"a": 1}, None, ""])
def test_bad_urls(shop, url):
    legacy(shop)
    before = state(shop)
    one = before["webhooks"][0]["id"]
    said = {"topic": "order.created", "delivery_url": url, "name": "never"}
    message = legacy_error(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": said}), 400, "woocommerce_api_invalid_webhook_delivery_url")
    assert ("not allowed" in message) == (url in GUARDED), message
    reply = shop.call("POST", "/wp-json/wc/v3/webhooks", said)
    code = "rest_missing_callback_param" if url is None else "woocommerce_rest_shop_webhook_invalid_delivery_url" if isinstance(url, str) else "rest_invalid_param"
    assert rest_error(reply, 400, code) and reply.header("x-injected") is None
    if url not in (None, ""):
        assert legacy_error(shop.call("PUT", f"/wc-api/v2/webhooks/{one}", {"webhook": said}), 400, "woocommerce_api_invalid_webhook_delivery_url")
        assert shop.call("PUT", f"/wp-json/wc/v3/webhooks/{one}", said).status == 400
    assert state(shop) == before


@pytest.mark.parametrize("member", ["name", "secret", "status"])
@pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}, "a" * 1001, *CONTROL])
def test_bad_texts(shop, member, value):
    one = legacy(shop)["id"]
    before = state(shop)
    said = {"topic": "order.created", "delivery_url": URL, member: value}
    assert legacy_error(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": said}), 400, f"woocommerce_api_invalid_webhook_{member}")
    assert legacy_error(shop.call("PUT", f"/wc-api/v2/webhooks/{one}", {"webhook": {**said, "topic": "order.updated"}}), 400, f"woocommerce_api_invalid_webhook_{member}")
    for reply in (shop.call("POST", "/wp-json/wc/v3/webhooks", said), shop.call("PUT", f"/wp-json/wc/v3/webhooks/{one}", said)):
        assert rest_error(reply, 400, "rest_invalid_param") == f"Invalid parameter(s): {member}"
    assert state(shop) == before


def test_rest_status_must_be_valid(shop):
    made = rest(shop)
    assert rest_error(shop.call("PUT", f"/wp-json/wc/v3/webhooks/{made['id']}", {"status": "sleeping", "name": "never"}), 400, "woocommerce_rest_shop_webhook_invalid_status") == "Webhook status must be valid."
    assert answer(shop.call("GET", f"/wp-json/wc/v3/webhooks/{made['id']}"), 200)["name"] == made["name"]


BROKEN = [b"", b"{", b'{"webhook":', b"[]", b"null", b"7", b'"webhook"', b"\xff\xfe", b'{"webhook":null}', b'{"webhook":[]}', b'{"webhook":"x"}', b'{"webhook":{"topic":"a","topic":"b"}}',
          b'{"webhook":{"name":"\\u0000"}}', b"[" * 5000]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_bodies(shop, body):
    one = legacy(shop)["id"]
    before = state(shop)
    message = legacy_error(shop.call("POST", "/wc-api/v2/webhooks", body), 400, "woocommerce_api_missing_webhook_data")
    assert message == "No webhook data specified to create webhook"
    assert legacy_error(shop.call("PUT", f"/wc-api/v2/webhooks/{one}", body), 400, "woocommerce_api_missing_webhook_data") == "No webhook data specified to edit webhook"
    reply = shop.call("POST", "/wp-json/wc/v3/webhooks", body)
    readable = body in (b"", b"[]", b"null", b"7", b'"webhook"') or body.startswith(b'{"webhook":') and body.endswith(b"}") and b"topic" not in body and b"u0000" not in body
    assert rest_error(reply, 400, "rest_missing_callback_param" if readable else "rest_invalid_json")
    if readable:
        assert json.loads(reply.body) == {"code": "rest_missing_callback_param", "message": "Missing parameter(s): topic, delivery_url", "data": {"status": 400, "params": ["topic", "delivery_url"]}}
    assert state(shop) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None, "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "json"])
def test_wrong_content_types(shop, content_type):
    before = state(shop)
    assert rest_error(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": URL}, content_type=content_type), 400, "rest_missing_callback_param")
    assert state(shop) == before


def test_large_bodies(shop):
    before = state(shop)
    large = json.dumps({"webhook": {"topic": "order.created", "delivery_url": URL, "x": "a" * (1 << 20)}}).encode()
    assert shop.call("POST", "/wc-api/v2/webhooks", large).status == 413 == shop.call("POST", "/wp-json/wc/v3/webhooks", large).status
    below = {"topic": "order.created", "delivery_url": URL, "x": "a" * 20000}
    assert "16384" in legacy_error(shop.call("POST", "/wc-api/v2/webhooks", {"webhook": below}), 400, "woocommerce_api_invalid_webhook_attributes")
    assert rest_error(shop.call("POST", "/wp-json/wc/v3/webhooks", below), 400, "rest_invalid_param")
    assert state(shop) == before


# ---- topics of others, eras, tenants


def test_a_webhook_can_listen_to_what_any_hook_makes(shop):
    for topic, resource, event in (("invoice.paid", "invoice", "paid"), ("entry.post.saved", "entry", "post.saved"), ("product.published", "product", "published"), ("action.wc_any", "action", "wc_any")):
        made = rest(shop, topic=topic)
        assert (made["topic"], made["resource"], made["event"]) == (topic, resource, event)
    assert rest(shop, topic="invoice.paid")["hooks"] == []


def test_an_api_of_a_later_version_is_of_its_time(tmp_path):
    with Shop(api_section(behind_tls=True, options={"version": "6.5.1"}), directory=tmp_path) as shop:
        made = legacy(shop)
        assert made["hooks"] == ["woocommerce_new_order"]
        assert shop.call("DELETE", f"/wc-api/v2/webhooks/{made['id']}").body == b"true"


def test_tenants_see_only_their_own(tmp_path):
    apis = (api_section(behind_tls=True) + api_section("second", {"full": OTHER}, behind_tls=True) +
            api_section("third", {"full": KEYS["full"]}, behind_tls=True, prefix="/third", most=2))
    with Shop(apis, directory=tmp_path) as shop:
        mine = rest(shop, name="mine")
        assert answer(shop.call("GET", "/wp-json/wc/v3/webhooks", key=OTHER), 200) == []
        theirs = answer(shop.call("POST", "/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": URL}, key=OTHER), 201)
        assert theirs["id"] == mine["id"] == 1  # each counts by itself
        assert answer(shop.call("PUT", "/wc-api/v2/webhooks/1", {"webhook": {"name": "theirs"}}, key=OTHER), 200)["webhook"]["name"] == "theirs"
        assert answer(shop.call("GET", "/wc-api/v2/webhooks/1"), 200)["webhook"]["name"] == "mine"
        rest(shop)
        assert shop.call("GET", "/wp-json/wc/v3/webhooks/2", key=OTHER).status == 400 == shop.call("GET", "/third/wp-json/wc/v3/webhooks/1").status
        assert shop.call("GET", "/third/wp-json/wc/v3/webhooks", key=OTHER).status == 401
        third = answer(shop.call("POST", "/third/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": URL}), 201)
        assert third["_links"]["self"][0]["href"] == f"https://{HOST}/third/wp-json/wc/v3/webhooks/1"
        assert answer(shop.call("POST", "/third/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": URL}}), 201)
        assert "2 webhooks" in rest_error(shop.call("POST", "/third/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": URL}), 403, "woocommerce_rest_cannot_create")
        assert legacy_error(shop.call("POST", "/third/wc-api/v2/webhooks", {"webhook": {"topic": "order.created", "delivery_url": URL}}), 403, "woocommerce_api_cannot_create_webhook")
        assert answer(shop.call("DELETE", "/third/wp-json/wc/v3/webhooks/1?force=true"), 200)
        assert answer(shop.call("POST", "/third/wp-json/wc/v3/webhooks", {"topic": "order.created", "delivery_url": URL}), 201)["id"] == 3  # never given twice


def test_webhooks_survive_a_restart_and_no_secret_gets_out(tmp_path):
    secret = "canary-4f1d-secret"
    with Shop(directory=tmp_path) as shop:
        made = [legacy(shop, secret=secret, name="a"), rest(shop, secret=secret, name="b")]
        replies = [shop.call("GET", "/wc-api/v2/webhooks"), shop.call("GET", "/wp-json/wc/v3/webhooks?context=edit"), shop.call("GET", f"/wp-json/wc/v3/webhooks/{made[1]['id']}"),
                   shop.call("PUT", "/wc-api/v2/webhooks/1", {"webhook": {"secret": secret + "2"}})]
        listed = trotline("subscriptions", "--json", "--store", shop.host.store).stdout
        assert all(secret.encode() not in reply.raw for reply in replies) and secret not in listed and secret not in shop.host.logs()
        before = state(shop)
        shop.host.restart()
        assert state(shop) == before and [each["name"] for each in before["webhooks"]] == ["b", "a"]
