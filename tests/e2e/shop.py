"""A host with WooCommerce's management API, its keys, and clients that prove who they are in each of the API's ways."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import parse_qsl, quote, urlencode

from harness import Trotline, request, toml

HOST = "shop.test:8443"
KEYS = {"full": ("ck_full", "cs_full_0123456789abcdef"), "read": ("ck_read", "cs_read_0123456789abcdef"),
        "write": ("ck_write", "cs_write_0123456789abcdef")}
OTHER = ("ck_other", "cs_other_0123456789abcdef")


def api_section(name="shop", keys=None, **settings):
    text = f"\n[[api]]\nname = {toml(name)}\ndialect = \"woocommerce\"\n"
    text += "".join(f"{key} = {toml(value)}\n" for key, value in settings.items())
    for (label, (identity, secret)) in (keys or KEYS).items():
        permission = label if label in ("read", "write") else "read_write"
        text += f"[[api.key]]\nname = {toml(label)}\nid = {toml(identity)}\nsecret = {toml(secret)}\npermission = {toml(permission)}\n"
    return text


class Shop:
    """The host; `.call` asks its API. Without `apis` there is one API, for requests that count as sent over TLS."""

    def __init__(self, apis=None, *, upstream="http://127.0.0.1:1", directory, more="", allow=("127.0.0.1/32",), **options):
        config = ""
        config += f"[egress]\nallow = {toml(list(allow))}\n" if allow else ""
        config += apis if apis is not None else api_section(behind_tls=True)
        self.host = Trotline('dialects = ["woocommerce"]\n' + config + more, upstream=upstream, directory=directory, **options)
        self.port = self.host.port  # where the API is asked

    def __enter__(self):
        self.host.__enter__()
        return self

    def __exit__(self, *details):
        return self.host.__exit__(*details)

    def ask(self, method, target, body=None, headers=(), host=HOST):
        """A request to the API's port, as it is."""
        return request(self.port, method, target, body, headers, host=host)

    def call(self, method, target, data=None, key=KEYS["full"], headers=(), host=HOST, content_type="application/json"):
        """With Basic; `data`: JSON, or bytes as they are."""
        headers = list(headers)
        if key is not None:
            headers.append(("Authorization", "Basic " + base64.b64encode(":".join(key).encode()).decode()))
        if data is not None and content_type is not None:
            headers.append(("Content-Type", content_type))
        body = data if data is None or isinstance(data, (bytes, str)) else json.dumps(data)
        return self.ask(method, target, body, headers, host)

    def signed(self, method, target, data=None, key=KEYS["full"], headers=(), host=HOST, **signing):
        headers = [*headers, *([("Content-Type", "application/json")] if data is not None else [])]
        return self.ask(method, sign(method, target, key, host=host, **signing), None if data is None else json.dumps(data), headers, host)


def sign(method, target, key, *, host=HOST, scheme="http", ampersand=True, digest="sha256", timestamp=None, nonce=None, sign_method=None, header=False,
         url=None, tamper=""):
    """The target with an OAuth 1.0a signature in its query (or, `header`, the Authorization value)."""
    path, _, query = target.partition("?")
    params = dict(parse_qsl(query, keep_blank_values=True))  # the last one of a name
    oauth = {"oauth_consumer_key": key[0], "oauth_timestamp": str(timestamp if timestamp is not None else int(time.time())),
             "oauth_nonce": nonce or secrets.token_hex(16), "oauth_signature_method": "HMAC-" + digest.upper()}
    def escape(text):
        return quote(str(text), safe="-._~")
    pairs = sorted((escape(name), escape(value)) for name, value in {**params, **oauth}.items())
    base = "&".join([sign_method or method, escape(url or f"{scheme}://{host}{path}"), escape("&".join(f"{name}={value}" for name, value in pairs))])
    secret = key[1] + ("&" if ampersand else "")
    oauth["oauth_signature"] = base64.b64encode(hmac.new(secret.encode(), base.encode(), getattr(hashlib, digest, hashlib.sha256)).digest()).decode() + tamper
    if header:
        return "OAuth " + ", ".join(f'{name}="{escape(value)}"' for name, value in oauth.items())
    return path + "?" + (query + "&" if query else "") + urlencode(oauth)


def answer(reply, status):
    """The body, once the status is right and the answer looks like WordPress's."""
    assert reply is not None and reply.status == status, reply
    assert reply.header("content-type") == "application/json; charset=UTF-8", reply
    return json.loads(reply.body)


def legacy_error(reply, status, code):
    body = answer(reply, status)
    assert list(body) == ["errors"] and len(body["errors"]) == 1 and list(body["errors"][0]) == ["code", "message"], body
    assert body["errors"][0]["code"] == code, body
    return body["errors"][0]["message"]


def rest_error(reply, status, code):
    body = answer(reply, status)
    assert list(body) == ["code", "message", "data"] and body["data"]["status"] == status, body
    assert body["code"] == code, body
    return body["message"]
