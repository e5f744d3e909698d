"""Deliveries of every format over real sockets: the request as the receiver reads it."""

import base64
import json

import pytest
from harness import Sink, Trotline, Upstream, request, response, toml, trotline

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, really").decode()
SHARE = "ed06e2f4e7bdb5ee6050695aba5ed3f2725fd3394df22f3a8a0c2856123a"
BODY = b'{"id":7,"slug":"a","total":1.10}'

HOOK = '[egress]\nallow = ["127.0.0.1/32"]\n[[hook]]\ntopic = "invoice.paid"\nmatch = "POST /invoices/{id}/pay"\nid = "path:id"\n'


def subscription(form, sink, more=""):
    return f'[[subscription]]\nname = "{form}"\nformat = "{form}"\ntopics = ["*"]\nurl = {toml(sink.url)}\n{more}\n'


def delivered(form, more=""):
    """The request that a subscription makes of one event."""
    with Upstream(lambda _: response(200, BODY, {"Content-Type": "application/json"})) as upstream, Sink() as sink:
        with Trotline(HOOK + subscription(form, sink, more), upstream=upstream.url) as host:
            assert request(host.port, "POST", "/invoices/7/pay", b"{}").status == 200
            return sink.wait(1)[0]


def names(got):
    return [name for name, _ in got.headers]


def test_cockpit_sends_what_cockpit_sends():
    got = delivered("cockpit", 'basic_auth = { user = "u", password = "0" }\nheaders = { "X-Foo" = "Bar" }')
    assert names(got) == ["Host", "Authorization", "Accept", "Content-Type", "Content-Length", "X-Foo"]
    assert dict(got.headers)["Authorization"] == "Basic " + base64.b64encode(b"u:0").decode()
    assert got.body == b'{"event":"invoice.paid","hook":"cockpit","backend":1,"args":[' + BODY + b"]}"


def test_cosmic():
    got = delivered("cosmic", '[subscription.options]\nversion = 3\nprops = ["slug"]')
    sent = json.loads(got.body)
    assert list(sent) == ["resource", "event", "triggered_at", "data"]
    assert (sent["resource"], sent["event"], sent["data"]) == ("invoice", "paid", {"slug": "a"})
    assert dict(got.headers)["x-cosmicjs-event"] == "invoice.paid"
    assert "webhook-signature" not in names(got)
    assert names(got).count("content-type") == 1


def test_shareactor(tmp_path):
    (tmp_path / "secret").write_text(SHARE)
    got = delivered("shareactor", f"secret = {{ file = {toml(tmp_path / 'secret')} }}")
    assert got.body.startswith(b'{"object_type":"invoice","previous_data":{},"kind":"invoice.paid","object":' + BODY + b',"url":"http://')
    headers = dict(got.headers)
    assert headers["X-Share-Webhook-Retries"] == "0"
    options = [word for name, value in got.headers for word in ("--header", f"{name}: {value}")]
    assert trotline("verify", "--format", "shareactor", "--secret-file", tmp_path / "secret", *options, stdin=got.body).returncode == 0


@pytest.mark.parametrize("form", ["standard", "woocommerce"])
def test_one_content_type(tmp_path, form):
    (tmp_path / "secret").write_text(SECRET)
    got = delivered(form, f"secret = {{ file = {toml(tmp_path / 'secret')} }}")
    assert [name.lower() for name in names(got)].count("content-type") == 1
    if form == "woocommerce":
        assert names(got)[:4] == ["Host", "User-Agent", "Accept", "Content-Type"]


def test_datocms_counts_its_tries():
    custom = ('schedule = ["50ms"]\n[subscription.options]\n'
              "custom_payload = '{{attempted_auto_retries_count}} {{entity_type}}.{{event_type}} {{entity.total}} {{webhook_call_id}}'\n"
              'content_type = "text/plain"')
    with Upstream(lambda _: response(200, BODY, {"Content-Type": "application/json"})) as upstream, Sink([500, 200]) as sink:
        with Trotline(HOOK + subscription("datocms", sink, custom), upstream=upstream.url) as host:
            assert request(host.port, "POST", "/invoices/7/pay", b"{}").status == 200
            first, second = sink.wait(2)
    assert dict(first.headers)["User-Agent"] == "DatoCMS (datocms.com)"
    assert dict(first.headers)["Content-Type"] == "text/plain"
    assert first.body.startswith(b"0 invoice.paid 1.10 ") and second.body == b"1" + first.body[1:]


def test_datocms_fills_in_its_url():
    """Each delivery has a URL of its own; whatever a value holds, it stays one part of path or query of the same host."""
    with Upstream(lambda _: response(200, b'{"id":7,"slug":"a b/../\\r\\nX: y?&#"}', {"Content-Type": "application/json"})) as upstream, Sink() as sink:
        url = sink.url.rstrip("/") + "/{{entity_type}}/{{entity.slug}}?kind={{event_type}}&slug={{{entity.slug}}}"
        text = f'[[subscription]]\nname = "d"\nformat = "datocms"\ntopics = ["*"]\nurl = {toml(url)}\n'
        with Trotline(HOOK + text, upstream=upstream.url) as host:
            for _ in range(2):
                assert request(host.port, "POST", "/invoices/7/pay", b"{}").status == 200
            got = sink.wait(2)
    for one in got:
        path, _, query = one.target.partition("?")
        assert path.startswith("/invoice/a%20b%2F") or "/invoice/a%20b%2F" in path, one.target
        assert "kind=paid" in query and "slug=a%20b%2F..%2F%0D%0AX%3A%20y%3F%26%23" in query, one.target
        assert "X" not in names(one)


def test_braces_mean_nothing_to_other_formats():
    with Upstream(lambda _: response(200, BODY, {"Content-Type": "application/json"})) as upstream, Sink() as sink:
        url = sink.url.rstrip("/") + "/a?b={{c}}"
        text = f'[[subscription]]\nname = "s"\ntopics = ["*"]\nsecret = {toml(SECRET)}\nurl = {toml(url)}\n'
        with Trotline(HOOK + text, upstream=upstream.url) as host:
            assert request(host.port, "POST", "/invoices/7/pay", b"{}").status == 200
            assert sink.wait(1)[0].target.endswith("/a?b={{c}}")


def test_cloudevents_in_both_modes():
    structured = delivered("cloudevents", '[subscription.options]\nsource = "https://shop.example/"')
    event = json.loads(structured.body)
    assert (event["specversion"], event["type"], event["subject"], event["source"]) == ("1.0", "invoice.paid", "invoice/7", "https://shop.example/")
    assert event["data"] == json.loads(BODY) and event["id"].startswith("evt_")
    binary = delivered("cloudevents", '[subscription.options]\nmode = "binary"')
    headers = dict(binary.headers)
    assert binary.body == BODY and headers["content-type"] == "application/json"
    assert (headers["ce-type"], headers["ce-subject"]) == ("invoice.paid", "invoice/7") and headers["ce-id"].startswith("evt_")


def test_plain_by_templates(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    got = delivered("plain", f"secret = {{ file = {toml(tmp_path / 'secret')} }}\n[subscription.options]\n"
                    "body = '{\"total\": {{payload.total}}, \"what\": \"{{topic}}\"}'\nprefix = \"X-Acme-\"\nsigned = \"{{body}}\"\nsignature = \"v0={{signature}}\"\n")
    assert got.body == b'{"total": 1.10, "what": "invoice.paid"}'
    headers = dict(got.headers)
    assert headers["X-Acme-Topic"] == "invoice.paid"
    options = [word for name, value in got.headers for word in ("--header", f"{name}: {value}")]
    form = "plain?prefix=X-Acme-&signed={{body}}&signature=v0={{signature}}"
    assert trotline("verify", "--format", form, "--secret-file", tmp_path / "secret", *options, stdin=got.body).returncode == 0
    assert trotline("verify", "--format", form, "--secret-file", tmp_path / "secret", *options, stdin=got.body + b" ").returncode == 1
