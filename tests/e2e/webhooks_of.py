"""One webhook of each system, from its own management API to its delivery: what is asked, what the application answers, what must arrive.
The tests of both hosts go through these; the real clients have tests of their own."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Callable

from harness import request, response, toml

JSON = [("Content-Type", "application/json")]
SECRET = "a secret of the receiver's, long enough"


# What clients and receivers prove themselves with: none of it may ever be in a log, a list or an event.
CANARIES = [SECRET, "cs_of_the_shop", "write-key-of-the-bucket", "account-of-the-service", "key-of-the-company", "token-of-the-site",
            "token-of-the-instance", "dTpw"]


@dataclass
class Webhook:
    dialect: str
    keys: str                      # of [[api]] and [[api.key]]
    make: Callable                 # (port, url) → what verify() needs to know
    change: tuple                  # method, target, body of the change that sets it off
    answer: bytes                  # what the application says to it
    verify: Callable               # (delivery, what make() gave)
    status: int = 200
    first: int = 0                 # deliveries that come before: ping, confirmation

    def config(self, more=""):
        """more: tables, such as [store]."""
        return f"""dialects = [{toml(self.dialect)}]

{more}
[egress]
allow = ["127.0.0.1/32"]

[[api]]
name = "tenant"
dialect = {toml(self.dialect)}
allow = ["127.0.0.1/32"]
{self.keys}
"""

    def upstream(self):
        """Says yes to the change, and knows nothing of webhooks."""
        def answer(got):
            if got.target.split("?")[0] == self.change[1].split("?")[0]:
                return response(self.status, self.answer, JSON)
            return response(404, b'{"from":"the application"}', JSON)
        return answer

    def set_off(self, port):
        method, target, body = self.change
        reply = request(port, method, target, json.dumps(body), JSON)
        assert reply.status == self.status, reply


def told(reply, status=(200, 201)):
    assert reply.status in status, reply
    return json.loads(reply.body)


def signature(key, body):
    return hmac.new(key.encode(), body, hashlib.sha256)


def make_woocommerce(port, url):
    basic = base64.b64encode(b"ck_of_the_shop:cs_of_the_shop").decode()
    body = {"webhook": {"name": "orders", "topic": "order.created", "delivery_url": url, "secret": SECRET}}
    return told(request(port, "POST", "/wc-api/v2/webhooks", json.dumps(body), [*JSON, ("Authorization", f"Basic {basic}")]))["webhook"]


def verify_woocommerce(got, webhook):
    headers = dict(got.headers)
    assert headers["X-WC-Webhook-Signature"] == base64.b64encode(signature(SECRET, got.body).digest()).decode()
    assert headers["X-WC-Webhook-ID"] == str(webhook["id"]) and headers["X-WC-Webhook-Topic"] == "order.created"
    assert "secret" not in webhook


def make_cosmic(port, url):
    body = {"event": "object.created.published", "endpoint": url, "write_key": "write-key-of-the-bucket"}
    return told(request(port, "POST", "/v1/bucket/webhooks", json.dumps(body), JSON))["webhook"]


def verify_cosmic(got, _):
    sent = json.loads(got.body)
    assert dict(got.headers)["x-cosmicjs-event"] == sent["type"] == "object.created.published" and sent["data"]["slug"] == "one"


SHARE = [*JSON, ("X-Share-Api-Key", "key-of-the-company"), ("Authorization", "Bearer account-of-the-service")]


def make_shareactor(port, url):
    return told(request(port, "POST", "/webhooks", json.dumps({"event_type": "order.created", "endpoint": url}), SHARE))


def verify_shareactor(got, webhook):
    headers = dict(got.headers)
    assert headers["X-Share-Webhook-Type"] == "WebhookMessage"
    assert headers["X-Share-Webhook-Signature"] == signature(webhook["secret"], got.body).hexdigest()
    assert json.loads(got.body)["kind"] == "order.created"


DATO = [*JSON, ("Accept", "application/json"), ("X-Api-Version", "3"), ("Authorization", "Bearer token-of-the-site")]


def make_datocms(port, url):
    attributes = {"name": "records", "url": url + "?id={{entity.id}}", "headers": {"X-Extra": "yes"}, "http_basic_user": "u", "http_basic_password": "p",
                  "custom_payload": None, "events": [{"entity_type": "item", "event_types": ["create"], "filters": [
                      {"entity_type": "item_type", "entity_ids": ["42"]}]}]}
    return told(request(port, "POST", "/webhooks", json.dumps({"data": {"type": "webhook", "attributes": attributes}}), DATO))["data"]


def verify_datocms(got, webhook):
    sent, headers = json.loads(got.body), dict(got.headers)
    assert sent["webhook_id"] == webhook["id"] and (sent["entity_type"], sent["event_type"]) == ("item", "create")
    assert got.target.endswith("?id=7") and headers["X-Extra"] == "yes"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


def make_cockpit(port, url):
    webhook = {"name": "all of them", "url": url, "auth": {"user": "u", "pass": "p"}, "headers": [{"k": "X-Foo", "v": "Bar"}],
               "events": ["collections.save.after"], "active": True}
    return told(request(port, "POST", "/webhooks/save?token=token-of-the-instance", json.dumps({"webhook": webhook}), JSON))


def verify_cockpit(got, _):
    sent, headers = json.loads(got.body), dict(got.headers)
    assert (sent["event"], sent["hook"], sent["args"][0]) == ("collections.save.after", "all of them", "posts")
    assert headers["X-Foo"] == "Bar" and headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


WEBHOOKS = [
    Webhook("woocommerce", 'behind_tls = true\n[[api.key]]\nid = "ck_of_the_shop"\nsecret = "cs_of_the_shop"', make_woocommerce,
            ("POST", "/wp-json/wc/v3/orders", {"status": "processing"}), b'{"id":727,"status":"processing","total":"1.10"}', verify_woocommerce, 201, 1),
    Webhook("cosmic", 'tenant = "bucket"\n[[api.key]]\nsecret = "write-key-of-the-bucket"', make_cosmic,
            ("POST", "/v1/bucket/add-object", {"title": "One"}), b'{"object":{"_id":"5df644188e47080008e7721a","slug":"one","status":"published"}}',
            verify_cosmic),
    Webhook("shareactor", 'tenant = "57ee9c71d76d431f8511142f"\n[[api.key]]\nid = "key-of-the-company"\nsecret = "account-of-the-service"',
            make_shareactor, ("POST", "/orders", {"items": []}), b'{"_id":{"$oid":"5964a0ead57ba2036750a3b4"},"total_quantity":1}', verify_shareactor, 200, 1),
    Webhook("datocms", 'tenant = "205"\n[[api.key]]\nsecret = "token-of-the-site"', make_datocms,
            ("POST", "/items", {"data": {"type": "item"}}),
            b'{"data":{"type":"item","id":"7","attributes":{"title":"x"},"meta":{"status":"draft"},'
            b'"relationships":{"item_type":{"data":{"type":"item_type","id":"42"}}}}}', verify_datocms),
    Webhook("cockpit", '[[api.key]]\nsecret = "token-of-the-instance"', make_cockpit,
            ("POST", "/api/collections/save/posts?token=abc", {"data": {"title": "one"}}),
            b'{"title":"one","_by":null,"_modified":1795305194,"_created":1795305194,"_id":"0548976b6263662ddc0002e1"}', verify_cockpit),
]
