"""Hydration through the real host: the upstream is asked for an event's payload before it goes out; what that may never do; and what becomes
of an event when the upstream does not tell."""

import json
import threading

import pytest
from harness import Sink, Trotline, Upstream, request, response, toml, trotline, wait_until

pytestmark = pytest.mark.sanitized

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CREDENTIAL = "Basic cmVhZGVyOnZlcnktc2VjcmV0LWluZGVlZA=="
ORDER = {"id": 5, "total": "19.90", "refunds": [{"id": 7}]}
HOOKS = """
[[hook]]
topic = "order.updated"
match = "POST /orders/{id}/refunds"
id = "path:id"
payload = { id = "path:id" }
hydrate = { get = "/orders/{path:id}?deep={query:deep | =yes}", payload = "/data" }

[[hook]]
topic = "note.created"
match = "POST /notes"
id = "response:/id"
"""


class Shop(Upstream):
    """An application whose POSTs answer {"id":7}; `orders` answers its GETs, in turn, the last one again and again. An event in its place
    is waited for first."""

    def __init__(self, *orders, **options):
        self.orders = list(orders) or [answer()]
        self.asked = 0
        super().__init__(self.reply, **options)

    def reply(self, got):
        if got.method != "GET":
            return response(201, '{"id":7}', [("Content-Type", "application/json")])
        with self.lock:
            order = self.orders[min(self.asked, len(self.orders) - 1)]
            self.asked += 1
        return order() if callable(order) else order

    def gets(self):
        return [got for got in self.requests if got.method == "GET"]


def answer(order=None, status=200, headers=()):
    body = json.dumps({"data": ORDER if order is None else order}, indent=1)
    return response(status, body, [("Content-Type", "application/json"), *headers], "Answer")


def host_of(shop, sink, hydrate="", more="", **options):
    """A host in front of the shop that delivers everything to the sink; `hydrate` are further keys of [hydrate]."""
    config = HOOKS + f"""
[hydrate]
headers = {{ Authorization = {{ env = "READER" }}, Host = "shop.example" }}
{hydrate}
[egress]
allow = ["127.0.0.1/32"]
[[subscription]]
name = "all"
topics = ["*"]
url = {toml(sink.url)}
secret = {{ env = "WEBHOOKS" }}
{more}
"""
    return Trotline(config, upstream=shop.url, env={"READER": CREDENTIAL, "WEBHOOKS": SECRET}, **options)


def refund(host, target="/orders/5/refunds"):
    assert request(host.port, "POST", target, b"{}").status == 201


def note(host):
    assert request(host.port, "POST", "/notes", b"{}").status == 201


def data_of(delivery):
    return json.loads(delivery.body)["data"]


def events(host):
    """What the store has of each event, the oldest first."""
    lines = trotline("events", "--store", host.store, "--json").stdout.splitlines()
    ids = [json.loads(line)["id"] for line in reversed(lines)]
    return [json.loads(trotline("events", each, "--store", host.store, "--json").stdout) for each in ids]


def counters(host):
    status = json.loads(trotline("status", "--store", host.store, "--json").stdout)
    return status["hosts"][0]["counters"]


def test_the_payload_is_what_the_upstream_tells():
    with Shop() as shop, Sink() as sink, host_of(shop, sink) as host:
        refund(host)
        delivery = sink.wait(1)[0]
        assert data_of(delivery) == ORDER
        assert b'"data":' + json.dumps({"data": ORDER}, indent=1).split(": ", 1)[1].rsplit("\n}", 1)[0].encode() in delivery.body
        (got,) = shop.gets()
        assert (got.target, got.all("authorization"), got.all("host")) == ("/orders/5?deep=yes", [CREDENTIAL], ["shop.example"])
        assert got.header("accept") == "application/json" and not got.body
        (event,) = events(host)
        assert (event["payload"], event["flags"]) == (ORDER, ["hydrated"])
        wait_until(lambda: counters(host)["hydrated"] == 1, 10, lambda: counters(host))
        assert counters(host)["unhydrated"] == 0 and len(sink.requests) == 1


def test_without_the_table_nothing_is_asked():
    with Shop() as shop, Sink() as sink:
        config = HOOKS + f'[egress]\nallow = ["127.0.0.1/32"]\n[[subscription]]\nname = "all"\ntopics = ["*"]\nurl = {toml(sink.url)}\nsecret = "{SECRET}"\n'
        with Trotline(config, upstream=shop.url) as host:
            refund(host)
            assert data_of(sink.wait(1)[0]) == {"id": 5}
            assert not shop.gets() and events(host)[0]["flags"] == []


def test_an_upstream_that_fails_is_asked_again():
    with Shop(answer(status=500), answer(status=429), answer()) as shop, Sink() as sink, host_of(shop, sink) as host:
        refund(host)
        assert data_of(sink.wait(1, 20)[0]) == ORDER
        first, second, third = shop.gets()
        assert second.time - first.time > 0.9 and third.time - second.time > 4.5


@pytest.mark.parametrize("orders, why", [
    ([answer(status=404)], "status 404"),
    ([answer(status=302, headers=[("Location", "/orders/6")])], "status 302"),
    ([response(200, "<html>", [("Content-Type", "application/json")])], "not JSON"),
    ([response(200, '{"order":{}}', [("Content-Type", "application/json")])], "no object or array at /data"),
    ([answer(order="19.90")], "no object or array at /data"),
    ([answer(order={"fill": "x" * 2000})], "larger than allowed"),
], ids=["404", "redirect", "no JSON", "another place", "no object", "too large"])
def test_what_it_does_not_tell_goes_out_as_it_was_recorded(orders, why):
    with Shop(*orders) as shop, Sink() as sink, host_of(shop, sink, "response_cap = 1024") as host:
        refund(host)
        assert data_of(sink.wait(1)[0]) == {"id": 5}
        assert len(shop.gets()) == 1
        (event,) = events(host)
        assert (event["payload"], event["flags"]) == ({"id": 5}, ["unhydrated"])
        wait_until(lambda: why in host.logs(), 5, host.logs)
        assert "/orders/5" in host.logs() and "deep=" not in host.logs()
        wait_until(lambda: counters(host)["unhydrated"] == 1, 10, lambda: counters(host))


def test_tries_have_an_end():
    with Shop(None) as shop, Sink() as sink, host_of(shop, sink, "tries = 2") as host:  # closes without an answer
        refund(host)
        assert data_of(sink.wait(1, 20)[0]) == {"id": 5}
        assert len(shop.gets()) == 2 and events(host)[0]["flags"] == ["unhydrated"]


def test_a_slow_upstream_keeps_nothing_else_waiting():
    gate = threading.Event()

    def slow():
        gate.wait(20)
        return answer()
    with Shop(slow) as shop, Sink() as sink, host_of(shop, sink, "concurrency = 1") as host:
        for _ in range(3):
            refund(host)
        for _ in range(20):
            note(host)
        notes = sink.wait(20, 5)
        assert not gate.is_set() and all(data_of(each) == {"id": 7} for each in notes)
        assert len(shop.gets()) == 1, "one at a time"
        assert [event["flags"] for event in events(host)[:3]] == [["awaits_hydration"]] * 3
        gate.set()
        assert [data_of(each) for each in sink.wait(23)[20:]] == [ORDER] * 3
        assert len(sink.requests) == 23


def test_a_hanging_upstream_is_given_up():
    gate = threading.Event()
    with Shop(lambda: gate.wait(20) and None) as shop, Sink() as sink, host_of(shop, sink, 'timeout = "300ms"\ntries = 1') as host:
        refund(host)
        assert data_of(sink.wait(1, 5)[0]) == {"id": 5}
        assert "timeout" in host.logs() and shop.gets()
        gate.set()


def test_kill_between_the_record_and_the_question_s_answer(tmp_path):
    gate = threading.Event()
    with Shop(lambda: gate.wait(20) and None, answer()) as shop, Sink() as sink, host_of(shop, sink, directory=tmp_path) as host:
        refund(host)
        wait_until(shop.gets, 10, "the question")
        host.kill()
        (event,) = events(host)
        assert (event["payload"], event["flags"]) == ({"id": 5}, ["awaits_hydration"]) and not sink.requests
        gate.set()
        host.start()
        assert data_of(sink.wait(1)[0]) == ORDER
        assert len(shop.gets()) == 2 and events(host)[0]["flags"] == ["hydrated"]
        note(host)
        assert data_of(sink.wait(2)[1]) == {"id": 7}, "nothing came twice"


def test_a_stop_leaves_it_to_the_next_one(tmp_path):
    gate = threading.Event()
    with Shop(lambda: gate.wait(20) and None, answer()) as shop, Sink() as sink, host_of(shop, sink, directory=tmp_path) as host:
        refund(host)
        wait_until(shop.gets, 10, "the question")
        assert host.stop() == 0
        assert events(host)[0]["flags"] == ["awaits_hydration"] and not sink.requests
        gate.set()
        host.start()
        assert data_of(sink.wait(1)[0]) == ORDER


def test_the_credential_is_nowhere(tmp_path):
    with Shop(answer(), answer(status=401)) as shop, Sink() as sink, host_of(shop, sink, directory=tmp_path) as host:
        refund(host)
        refund(host)
        sink.wait(2)
        wait_until(lambda: "status 401" in host.logs(), 5, host.logs)
        wait_until(lambda: list(host.store.glob("status-*.json")), 10, "the status file")
        shown = "".join(trotline(*each, "--store", host.store, "--json").stdout for each in (["status"], ["events"], ["deliveries"], ["attempts"]))
        assert {got.header("authorization") for got in shop.gets()} == {CREDENTIAL}
        secret = CREDENTIAL.split()[1]
        assert secret not in shown and secret not in host.logs()
        assert not any(secret.encode() in delivery.raw for delivery in sink.requests)
        files = [path for path in host.store.rglob("*") if path.is_file()]
        assert len(files) >= 3 and any(b"orders/5" in path.read_bytes() for path in files), "it is the store that is looked into"
        assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_no_delivery_reaches_the_upstream_by_it():
    """The question's address is open to the question alone, also while its connection is."""
    with Shop() as shop, Sink() as sink:
        more = f'[[subscription]]\nname = "loop"\ntopics = ["*"]\nurl = "{shop.url}/hook"\nsecret = {{ env = "WEBHOOKS" }}\nallow = ["127.0.0.1/32"]\nschedule = []\n'
        # Not the host's own upstream, so that only [hydrate] tells whose address it is.
        with Shop() as front, host_of(front, sink, f'upstream = "{shop.url}"', more) as host:
            refund(host)
            assert data_of(sink.wait(1)[0]) == ORDER

            def blocked():
                lines = trotline("attempts", "--store", host.store, "--json").stdout.splitlines()
                return [json.loads(line) for line in lines if json.loads(line)["error"] == "blocked"]
            wait_until(blocked, 10, "an attempt that was blocked")
        assert [got.method for got in shop.requests] == ["GET"] and not front.gets()


def test_members_named_in_redact_stay_out():
    order = {"id": 5, "password": "hunter2", "meta": {"Password": "hunter2"}}
    with Shop(answer(order)) as shop, Sink() as sink, host_of(shop, sink, more='[capture]\nredact = ["password"]') as host:
        refund(host)
        assert data_of(sink.wait(1)[0]) == {"id": 5, "password": "[redacted]", "meta": {"Password": "[redacted]"}}
        assert "hunter2" not in json.dumps(events(host))


@pytest.mark.parametrize("segment, target", [
    ("7", "/orders/7?deep=yes"),
    ("a%3Fb%23c%25", "/orders/a%3Fb%23c%25?deep=yes"),
    ("a%2526b", "/orders/a%2526b?deep=yes"),
    ("%C3%A4", "/orders/%C3%A4?deep=yes"),
])
def test_values_stay_in_their_segment(segment, target):
    with Shop() as shop, Sink() as sink, host_of(shop, sink) as host:
        refund(host, f"/orders/{segment}/refunds")
        sink.wait(1)
        assert [got.target for got in shop.gets()] == [target]


@pytest.mark.parametrize("query", ["..%2F..%2Fusers", "%2Fetc", "a%5C..%5Cb", "a%0D%0AX-Evil:%201", "a%00b"])
def test_values_that_could_climb_are_not_asked_with(query):
    with Shop() as shop, Sink() as sink, host_of(shop, sink) as host:
        refund(host, f"/orders/5/refunds?deep={query}")
        assert data_of(sink.wait(1)[0]) == {"id": 5}
        assert not shop.gets() and events(host)[0]["flags"] == []


def test_a_reload_that_takes_the_table_away_lets_them_go(tmp_path):
    gate = threading.Event()
    with Shop(lambda: gate.wait(30) and None) as shop, Sink() as sink, host_of(shop, sink, "concurrency = 1", directory=tmp_path) as host:
        refund(host)
        refund(host)
        wait_until(shop.gets, 10, "the question")
        text = host.config.read_text()
        begin, end = text.index("[hydrate]"), text.index("[egress]")
        host.config.write_text(text[:begin] + text[end:])
        host.reload()
        assert data_of(sink.wait(1)[0]) == {"id": 5}, "the one that was not asked for yet"
        gate.set()
        assert data_of(sink.wait(2, 20)[1]) == {"id": 5}
        assert len(shop.gets()) == 1


def test_nobody_subscribes_nobody_asks():
    with Shop() as shop, Sink() as sink, host_of(shop, sink) as host:
        host.config.write_text(host.config.read_text().replace('topics = ["*"]', 'topics = ["note.*"]'))
        host.restart()
        refund(host)
        note(host)
        assert data_of(sink.wait(1)[0]) == {"id": 7}
        wait_until(lambda: events(host)[0]["flags"] == ["unhydrated"], 20, lambda: events(host))
        assert not shop.gets() and events(host)[1]["flags"] == []


def test_woocommerce_orders_are_whole(tmp_path):
    """The shipped dialect: a refund and a checkout."""
    order = {"id": 12, "status": "processing", "total": "10.00", "line_items": []}

    def shop(got):
        headers = [("Content-Type", "application/json")]
        if got.method == "GET":
            return response(200, json.dumps(order), headers)
        if "refunds" in got.target:
            return response(201, '{"id":13,"amount":"10.00"}', headers)
        return response(200, json.dumps({"result": "success", "redirect": "http://shop.test/checkout/order-received/12/?key=wc_order_x"}), headers)
    with Upstream(shop) as upstream, Sink() as sink:
        config = f"""
dialects = ["woocommerce"]
[hydrate]
headers = {{ Authorization = {{ env = "READER" }} }}
[egress]
allow = ["127.0.0.1/32"]
[[subscription]]
name = "all"
topics = ["order.*"]
url = {toml(sink.url)}
secret = {{ env = "WEBHOOKS" }}
format = "woocommerce"
"""
        with Trotline(config, upstream=upstream.url, env={"READER": CREDENTIAL, "WEBHOOKS": SECRET}) as host:
            assert request(host.port, "POST", "/wp-json/wc/v2/orders/12/refunds", b"{}").status == 201
            assert request(host.port, "POST", "/?wc-ajax=checkout", b"a=b").status == 200
            first, second = sorted(sink.wait(2), key=lambda each: each.header("x-wc-webhook-topic"))
            assert (first.header("x-wc-webhook-topic"), json.loads(first.body)) == ("order.created", order)
            assert (second.header("x-wc-webhook-topic"), json.loads(second.body)) == ("order.updated", order)
        gets = sorted(got.target for got in upstream.requests if got.method == "GET")
        assert gets == ["/wp-json/wc/v2/orders/12", "/wp-json/wc/v3/orders/12"]
