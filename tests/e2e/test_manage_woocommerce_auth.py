"""Who may use WooCommerce's management API: Basic and query keys over TLS, OAuth 1.0a signatures, permissions; each refusal in the shop's words."""

import base64
import time
from urllib.parse import quote

import pytest
from shop import HOST, KEYS, Shop, answer, api_section, legacy_error, rest_error, sign

URL = "http://127.0.0.1:18999/hook"
WRONG = (KEYS["full"][0], "cs_wrong_0123456789abcdef")
STRANGER = ("ck_stranger", "cs_full_0123456789abcdef")
NEW = {"topic": "order.created", "delivery_url": URL}
LEGACY_ROUTES = [("GET", "/webhooks", None, 200), ("POST", "/webhooks", {"webhook": NEW}, 201), ("GET", "/webhooks/count", None, 200), ("GET", "/webhooks/{id}", None, 200),
                 ("PUT", "/webhooks/{id}", {"webhook": {"status": "paused"}}, 200), ("POST", "/webhooks/{id}", {"webhook": {"status": "paused"}}, 200),
                 ("PATCH", "/webhooks/{id}", {"webhook": {"status": "paused"}}, 200), ("PUT", "/webhook/{id}", {"webhook": {"status": "paused"}}, 200),
                 ("GET", "/webhooks/{id}/deliveries", None, 200), ("GET", "/webhooks/{id}/deliveries/1", None, 400), ("DELETE", "/webhooks/{id}", None, 200)]
REST_ROUTES = [("GET", "/webhooks", None, 200, "cannot_view"), ("POST", "/webhooks", NEW, 201, "cannot_create"), ("GET", "/webhooks/{id}", None, 200, "cannot_view"),
               ("PUT", "/webhooks/{id}", {"status": "paused"}, 200, "cannot_edit"), ("POST", "/webhooks/{id}", {"status": "paused"}, 200, "cannot_edit"),
               ("PATCH", "/webhooks/{id}", {"status": "paused"}, 200, "cannot_edit"), ("PUT", "/webhook/{id}", {"status": "paused"}, 200, "cannot_edit"),
               ("POST", "/webhooks/batch", {"update": []}, 200, "cannot_batch"), ("GET", "/webhooks/{id}/deliveries", None, 200, "cannot_view"),
               ("GET", "/webhooks/{id}/deliveries/1", None, 404, "cannot_view"), ("DELETE", "/webhooks/{id}?force=true", None, 200, "cannot_delete")]


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Its requests count as sent over TLS."""
    with Shop(directory=tmp_path_factory.mktemp("tls")) as shop:
        yield shop


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with Shop(api_section(), directory=tmp_path_factory.mktemp("plain")) as shop:
        yield shop


def new_id(shop):
    if shop.signed_only:
        return answer(shop.signed("POST", "/wp-json/wc/v3/webhooks", NEW), 201)["id"]
    return answer(shop.call("POST", "/wp-json/wc/v3/webhooks", NEW), 201)["id"]


Shop.signed_only = False


def number_of(shop):
    shop_call = shop.signed if shop.signed_only else shop.call
    return answer(shop_call("GET", "/wc-api/v3/webhooks/count"), 200)["count"]


# ---- every route: no credential, wrong, read-only on a write, right


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("method, path, data, status", LEGACY_ROUTES)
def test_legacy_routes_over_tls(tls, version, method, path, data, status):
    target = f"/wc-api/v{version}" + path.format(id=new_id(tls))
    code, before = "woocommerce_api_authentication_error", number_of(tls)
    none = tls.call(method, target, data, key=None)
    if version == 3:
        assert legacy_error(none, 401, code) == "Consumer Secret is invalid." and none.header("www-authenticate").startswith('Basic realm="WooCommerce API. ')
    else:
        assert legacy_error(none, 404, code) == "Consumer key is missing."
        assert legacy_error(tls.call(method, target, data, key=(KEYS["full"][0], "")), 404, code) == "Consumer secret is missing."
    assert legacy_error(tls.call(method, target, data, key=WRONG), 401, code) == "Consumer secret is invalid."
    assert legacy_error(tls.call(method, target, data, key=STRANGER), 401, code) == "Consumer key is invalid."
    wrong_way = "read" if method == "GET" else "write"
    key = KEYS["write" if method == "GET" else "read"]
    assert legacy_error(tls.call(method, target, data, key=key), 401, code) == f"The API key provided does not have {wrong_way} permissions."
    assert number_of(tls) == before
    right = tls.call(method, target, data, key=KEYS["read" if method == "GET" else "write"])
    assert right.status == status, right


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("method, path, data, status, forbidden", REST_ROUTES)
def test_rest_routes_over_tls(tls, version, method, path, data, status, forbidden):
    target = f"/wp-json/wc/v{version}" + path.format(id=new_id(tls))
    code, before = "woocommerce_rest_authentication_error", number_of(tls)
    assert rest_error(tls.call(method, target, data, key=None), 401, f"woocommerce_rest_{forbidden}").startswith("Sorry, you ")
    assert rest_error(tls.call(method, target, data, key=STRANGER), 401, f"woocommerce_rest_{forbidden}")
    assert rest_error(tls.call(method, target, data, key=WRONG), 401, code) == "Consumer secret is invalid."
    wrong_way = "read" if method == "GET" else "write"
    key = KEYS["write" if method == "GET" else "read"]
    assert rest_error(tls.call(method, target, data, key=key), 401, code) == f"The API key provided does not have {wrong_way} permissions."
    assert number_of(tls) == before
    right = tls.call(method, target, data, key=KEYS["read" if method == "GET" else "write"])
    assert right.status == status, right


def test_keys_in_the_query_over_tls(tls):
    good, bad = (f"consumer_key={key}&consumer_secret={secret}" for key, secret in (KEYS["full"], WRONG))
    for path in ("/wc-api/v1/webhooks", "/wc-api/v2/webhooks", "/wc-api/v3/webhooks", "/wp-json/wc/v3/webhooks"):
        assert tls.ask("GET", f"{path}?{good}").status == 200
        reply = tls.ask("GET", f"{path}?{bad}")
        assert reply.status == 401 and b"Consumer secret is invalid." in reply.body and WRONG[1].encode() not in reply.raw
    assert legacy_error(tls.ask("GET", "/wc-api/v2/webhooks?consumer_key=ck_full"), 404, "woocommerce_api_authentication_error") == "Consumer secret is missing."


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic !!!!", "Basic " + "A" * 5, "Bearer x", "Basic " + base64.b64encode(b"nocolon").decode(), "basic" + base64.b64encode(b"a:b").decode(), "Basic " + "QUFB" * 1500])
def test_authorization_that_is_none(tls, value):
    for target in ("/wc-api/v2/webhooks", "/wp-json/wc/v3/webhooks"):
        assert tls.ask("GET", target, headers=[("Authorization", value)]).status in (401, 404)


# ---- without TLS


def test_basic_and_query_keys_do_not_count_without_tls(plain):
    for headers in ([], [("X-Forwarded-Proto", "https")], [("X-Forwarded-Ssl", "on"), ("Forwarded", "proto=https")]):
        assert legacy_error(plain.call("GET", "/wc-api/v2/webhooks", headers=headers), 404, "woocommerce_api_authentication_error") == "oauth_consumer_key parameter is missing"
        assert rest_error(plain.call("GET", "/wp-json/wc/v3/webhooks", headers=headers), 401, "woocommerce_rest_cannot_view") == "Sorry, you cannot list resources."
        assert plain.ask("GET", "/wp-json/wc/v3/webhooks?consumer_key={}&consumer_secret={}".format(*KEYS["full"]), headers=headers).status == 401


@pytest.fixture
def signing(plain):
    plain.signed_only = True
    return plain


@pytest.mark.parametrize("version, ampersand", [(1, False), (2, False), (3, True), (1, True), (2, True)])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("method, path, data, status", LEGACY_ROUTES)
def test_legacy_routes_signed(signing, version, ampersand, digest, method, path, data, status):
    how = {"ampersand": ampersand, "digest": digest}
    target = f"/wc-api/v{version}" + path.format(id=new_id(signing))
    code = "woocommerce_api_authentication_error"
    assert legacy_error(signing.ask(method, target), 404, code) == "oauth_consumer_key parameter is missing"
    assert legacy_error(signing.signed(method, target, data, key=WRONG, **how), 401, code) == "Invalid signature - provided signature does not match."
    assert legacy_error(signing.signed(method, target, data, key=STRANGER, **how), 401, code) == "Consumer key is invalid."
    key = KEYS["write" if method == "GET" else "read"]
    assert "permissions" in legacy_error(signing.signed(method, target, data, key=key, **how), 401, code)
    assert signing.signed(method, target, data, **how).status == status


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("method, path, data, status, forbidden", REST_ROUTES)
def test_rest_routes_signed(signing, digest, method, path, data, status, forbidden):
    target = "/wp-json/wc/v3" + path.format(id=new_id(signing))
    code = "woocommerce_rest_authentication_error"
    assert rest_error(signing.ask(method, target), 401, f"woocommerce_rest_{forbidden}")
    assert rest_error(signing.signed(method, target, data, key=WRONG, digest=digest), 401, code) == "Invalid signature - provided signature does not match."
    assert rest_error(signing.signed(method, target, data, key=STRANGER, digest=digest), 401, code) == "Consumer key is invalid."
    key = KEYS["write" if method == "GET" else "read"]
    assert "permissions" in rest_error(signing.signed(method, target, data, key=key, digest=digest), 401, code)
    assert signing.signed(method, target, data, digest=digest).status == status


LIST = ["/wc-api/v2/webhooks", "/wc-api/v3/webhooks", "/wp-json/wc/v3/webhooks"]


@pytest.mark.parametrize("target", LIST)
@pytest.mark.parametrize("how, why", [
    ({"sign_method": "POST"}, "signature does not match"), ({"url": f"https://{HOST}{{}}"}, "signature does not match"), ({"url": "http://shop.test{}"}, "signature does not match"),
    ({"url": f"http://{HOST}{{}}/"}, "signature does not match"), ({"tamper": "x"}, "signature does not match"), ({"digest": "md5"}, "signature method is invalid"),
    ({"off": -1000}, "Invalid timestamp."), ({"off": 1000}, "Invalid timestamp."), ({"timestamp": "soon"}, "Invalid timestamp."),
    ({"timestamp": "9" * 30}, "Invalid timestamp."), ({"timestamp": -1}, "Invalid timestamp.")])
def test_signatures_that_do_not_count(signing, target, how, why):
    how = {name: value.format(target) if name == "url" else value for name, value in how.items()}
    if "off" in how:  # from the time of the test, not of its collection
        how["timestamp"] = int(time.time()) + how.pop("off")
    reply = signing.signed("GET", target, **how)
    assert reply.status == 401 and why in reply.body.decode(), reply
    assert signing.signed("GET", target).status == 200


def test_version_3_wants_the_ampersand(signing):
    for target in LIST[1:]:
        assert b"signature does not match" in signing.signed("GET", target, ampersand=False).body


@pytest.mark.parametrize("target", LIST)
def test_a_timestamp_within_a_quarter_of_an_hour_counts(signing, target):
    for off in (-880, 880):
        assert signing.signed("GET", target, timestamp=int(time.time()) + off).status == 200


def test_a_nonce_counts_once_also_for_another_host_process(tmp_path):
    with Shop(api_section(), directory=tmp_path) as shop:
        for target in LIST:
            once = sign("GET", target, KEYS["full"])
            assert shop.ask("GET", once).status == 200
            again = shop.ask("GET", once)
            assert again.status == 401 and b"Invalid nonce - nonce has already been used." in again.body
        assert b"nonce has already been used" in shop.ask("GET", once).body
        assert shop.signed("GET", LIST[0], nonce="same").status == 200 == shop.signed("GET", LIST[0], key=KEYS["read"], nonce="same").status
        assert shop.signed("GET", LIST[0], nonce="same", timestamp=int(time.time()) + 5).status == 401
        # A signature that does not fit uses up no nonce.
        assert shop.signed("GET", LIST[2], key=WRONG, nonce="mine").status == 401 and shop.signed("GET", LIST[2], nonce="mine").status == 200
    with Shop(api_section(), directory=tmp_path) as shop:
        assert b"nonce has already been used" in shop.ask("GET", once).body


def test_nothing_that_is_signed_can_be_changed(signing):
    once = sign("GET", "/wp-json/wc/v3/webhooks?per_page=1", KEYS["full"])
    for changed in (once.replace("per_page=1", "per_page=2"), once + "&status=active", once + "&per_page=2", once + "&_method=POST", once.replace("/v3/", "/v2/"),
                    once.replace("oauth_consumer_key=ck_full", "oauth_consumer_key=ck_read")):
        assert b"signature does not match" in signing.ask("GET", changed).body, changed
    assert b"signature does not match" in signing.ask("GET", once, host="other.test").body
    assert b"signature does not match" in signing.ask("POST", once).body
    assert signing.ask("GET", once, headers=[("X-HTTP-Method-Override", "DELETE")]).status == 200


def test_parameters_as_clients_spell_them(signing):
    assert signing.signed("GET", "/wp-json/wc/v3/webhooks?search=a%20b%2Bc%26d%3D%C3%A9~&per_page=5").status == 200
    assert signing.signed("GET", "/wc-api/v2/webhooks?filter[limit]=2&filter%5Bq%5D=x").status == 200
    assert signing.signed("GET", "/wc-api/v2/webhooks?page=1&filter[limit]=2&page=1&filter[limit]=2", ampersand=False).status == 200  # twice, as the JavaScript client sends it
    assert signing.signed("HEAD", "/wp-json/wc/v3/webhooks").status == 200
    once = sign("GET", "/wp-json/wc/v3/webhooks", KEYS["full"])
    unescaped = once.split("oauth_signature=")[0] + "oauth_signature=" + once.split("oauth_signature=")[1].replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    assert signing.ask("GET", unescaped).status == 200


def test_the_authorization_header_for_wp_json_only(signing):
    for target in ("/wp-json/wc/v3/webhooks", "/wp-json/wc/v3/webhooks?per_page=2"):
        assert signing.ask("GET", target, headers=[("Authorization", sign("GET", target, KEYS["full"], header=True))]).status == 200
        realm = sign("GET", target, KEYS["full"], header=True).replace("OAuth ", 'OAuth realm="Shop", ')
        assert signing.ask("GET", target, headers=[("Authorization", realm)]).status == 200
    target = "/wc-api/v3/webhooks"
    assert legacy_error(signing.ask("GET", target, headers=[("Authorization", sign("GET", target, KEYS["full"], header=True))]), 404, "woocommerce_api_authentication_error")


def test_form_fields_are_signed_too(signing):
    body = "topic=order.created&delivery_url=" + quote(URL, safe="")
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    signed_with = sign("POST", "/wp-json/wc/v3/webhooks?" + body, KEYS["full"])
    oauth = signed_with.split("&oauth_consumer_key", 1)[1]
    assert signing.ask("POST", "/wp-json/wc/v3/webhooks?oauth_consumer_key" + oauth, body, headers).status == 201
    assert b"signature does not match" in signing.ask("POST", sign("POST", "/wp-json/wc/v3/webhooks", KEYS["full"]), body, headers).body


@pytest.mark.parametrize("name", ["oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method"])
def test_each_missing_parameter_is_named(signing, name):
    for target in LIST:
        path, _, query = sign("GET", target, KEYS["full"]).partition("?")
        reply = signing.ask("GET", path + "?" + "&".join(pair for pair in query.split("&") if pair.split("=")[0] != name))
        if "wp-json" in target:
            assert rest_error(reply, 401, "woocommerce_rest_authentication_missing_parameter") == f"Missing OAuth parameter {name}"
        else:
            assert legacy_error(reply, 404, "woocommerce_api_authentication_error") == f"{name} parameter is missing"
    reply = signing.ask("GET", "/wp-json/wc/v3/webhooks?oauth_nonce=x&oauth_timestamp=1")
    assert rest_error(reply, 401, "woocommerce_rest_authentication_missing_parameter") == "Missing OAuth parameters oauth_consumer_key, oauth_signature, oauth_signature_method"


def test_a_signature_also_counts_over_tls(tls):
    for target in LIST:
        assert tls.signed("GET", target, scheme="https").status == 200
        assert b"signature does not match" in tls.signed("GET", target).body


def test_no_key_gets_out(tls, plain):
    for shop in (tls, plain):
        logs = shop.host.logs()
        assert not any(secret in logs for _, secret in KEYS.values()) and WRONG[1] not in logs
