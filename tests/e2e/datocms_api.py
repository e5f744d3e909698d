"""A host with DatoCMS's management API for two sites, an upstream that answers as DatoCMS does, and questions to both."""

import itertools
import json
import time

from harness import Sink, Trotline, Upstream, request, response, toml

JSON = "application/json; charset=utf-8"
READER, WRITER, OTHER, COUNTED, CLIENT = ("reader-token-12345", "writer-token-12345", "other-site-token-1", "counted-token-12345", "client-token-12345")
# Each may ask thirty times in three seconds: the tests have more to ask.
TOKENS = [f"token-number-{n:02d}" for n in range(40)]


def api(name, tenant, keys, more=""):
    text = f'[[api]]\nname = "{name}"\ndialect = "datocms"\ntenant = "{tenant}"\nallow = ["127.0.0.1/32"]\n{more}\n'
    return text + "".join(f'[[api.key]]\nname = "k{n}"\nsecret = "{secret}"\npermission = "{permission}"\n'
                          for n, (secret, permission) in enumerate(keys))


CONFIG = ('dialects = ["datocms"]\n'
          + api("site", "205", [*((token, "read_write") for token in [*TOKENS, COUNTED, CLIENT]), (READER, "read"), (WRITER, "write")])
          + api("second", "206", [(OTHER, "read_write")], "most = 3"))


def content(asked):
    """What the upstream answers: records and whatever else, as DatoCMS does."""
    if asked.target == "/items" and asked.method == "POST":
        data = json.loads(asked.body)["data"]
        data["id"] = data.get("id") or str(next(content.ids))
        data["meta"] = {"status": "draft"}
        return response(201, json.dumps({"data": data, "included": [{"type": "user", "id": "7"}]}), {"Content-Type": JSON})
    return response(418, json.dumps({"asked": asked.target}), {"Content-Type": JSON})


content.ids = itertools.count(1000)


class Site:
    """A running host and the questions that a test asks it."""

    def __init__(self, config=CONFIG, sinks=1, scripts=None):
        self.upstream = Upstream(content)
        self.sinks = [Sink(*([scripts[n]] if scripts else [])) for n in range(sinks)]
        self.host = Trotline(config, upstream=self.upstream.url)
        self.tokens = itertools.cycle(TOKENS)
        self.names = (f"webhook {n}" for n in itertools.count())

    def __enter__(self):
        self.host.start()
        return self

    def __exit__(self, *_):
        self.host.stop()
        self.upstream.close()
        for sink in self.sinks:
            sink.close()

    @property
    def sink(self):
        return self.sinks[0]

    @property
    def port(self):
        return self.host.port

    def raw(self, method, target, body=None, headers=()):
        return request(self.port, method, target, body, headers, host="site-api.datocms.test")

    def ask(self, method, target, body=None, token=None, version="3", headers=()):
        """The reply; a body that is no text or bytes is sent as JSON."""
        fields = [("Authorization", f"Bearer {token or next(self.tokens)}"), ("Accept", "application/json"), *headers]
        if version:
            fields.append(("X-Api-Version", version))
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
            fields.append(("Content-Type", "application/json"))
        return self.raw(method, target, body.encode() if isinstance(body, str) else body, fields)

    def get(self, target, **options):
        reply = self.ask("GET", target, **options)
        assert reply.status == 200 and reply.header("content-type") == JSON, (target, reply)
        return json.loads(reply.body)

    def wanted(self, sink=None, **attributes):
        """Attributes of a new webhook, those given instead of the usual."""
        out = {"name": next(self.names), "url": (sink or self.sink).url + "/hook", "headers": {},
               "events": [{"entity_type": "item", "event_types": ["create"]}],
               "http_basic_user": None, "http_basic_password": None, "custom_payload": None}
        out.update(attributes)
        return {name: value for name, value in out.items() if value is not ...}

    def create(self, sink=None, token=None, version="3", **attributes):
        reply = self.ask("POST", "/webhooks", body_of(self.wanted(sink, **attributes)), token=token, version=version)
        assert reply.status == 200, reply
        return json.loads(reply.body)["data"]

    def update(self, webhook, version="3", **attributes):
        reply = self.ask("PUT", f"/webhooks/{webhook}", body_of(attributes, webhook), version=version)
        assert reply.status == 200, reply
        return json.loads(reply.body)["data"]

    def destroy_all(self):
        for webhook in self.get("/webhooks")["data"]:
            assert self.ask("DELETE", f"/webhooks/{webhook['id']}").status == 200

    def record(self, item_type="44", environment=None, **more):
        """A new record through the proxy."""
        data = {"type": "item", "attributes": {"title": "x"}, "relationships": {"item_type": {"data": {"type": "item_type", "id": item_type}}}, **more}
        headers = [("Content-Type", "application/json"), *([("X-Environment", environment)] if environment else [])]
        reply = self.raw("POST", "/items", json.dumps({"data": data}).encode(), headers)
        assert reply.status == 201, reply
        return json.loads(reply.body)["data"]["id"]

    def calls(self, webhook, wanted=1, deadline=20, **filters):
        """The calls of a webhook, once there are so many of them that none is pending."""
        end = time.monotonic() + deadline
        while True:
            query = "&".join(f"filter[fields][{name}][eq]={value}" for name, value in {"webhook_id": webhook, **filters}.items())
            data = self.get("/webhook_calls?" + query)["data"]
            if len(data) >= wanted and all(call["attributes"]["status"] != "pending" for call in data):
                return data
            assert time.monotonic() < end, data
            time.sleep(0.1)


def body_of(attributes, webhook=None):
    return {"data": {"type": "webhook", **({"id": webhook} if webhook else {}), "attributes": attributes}}


def problems(reply, status, code):
    """The errors of a refusal, whose shape the clients recognise."""
    assert reply.status == status, reply
    assert reply.header("content-type") == JSON, reply
    errors = json.loads(reply.body)["data"]
    assert errors and len({error["id"] for error in errors}) == len(errors)
    for error in errors:
        assert list(error) == ["id", "type", "attributes"] and error["type"] == "api_error" and isinstance(error["id"], str)
        assert list(error["attributes"]) == ["code", "doc_url", "details"] and isinstance(error["attributes"]["details"], dict)
        assert error["attributes"]["code"] == code, reply
        assert error["attributes"]["doc_url"].endswith("#" + code)
    return [error["attributes"]["details"] for error in errors]


__all__ = ["CLIENT", "CONFIG", "COUNTED", "JSON", "OTHER", "READER", "Site", "TOKENS", "WRITER", "api", "body_of", "problems", "toml"]
