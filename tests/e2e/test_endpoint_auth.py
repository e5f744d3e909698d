"""Who the endpoint is and who we are: a private CA, pins, client certificates, tokens of a real OAuth server with its failures."""

import json
import time
import urllib.parse

import pytest
from authority import Authority, pin, server
from cli import HOOKS, SECRET
from harness import Sink, Trotline, Upstream, request, trotline, wait_until

ALLOW = 'allow = ["127.0.0.1/32"]'


def subscription(name, url, more=""):
    return f"""
[[subscription]]
name = "{name}"
topics = ["*"]
url = "{url}"
secret = {{ env = "DELIVERY_SECRET" }}
schedule = ["200ms", "200ms", "200ms", "200ms"]
timeout = "1s"
{ALLOW}
{more}
"""


ENV = {"DELIVERY_SECRET": SECRET, "CLIENT_SECRET": "client-s3cret:&", "STATIC": "st4tic-token", "KEY": "api-k3y"}


def change(host):
    assert request(host.port, "POST", "/orders", b'{"id":7}').status == 200


def deliveries(host):
    done = trotline("deliveries", "--json", "--store", host.store)
    return {each["subscription"]: each for each in map(json.loads, done.stdout.splitlines())}


def settled(host, count):
    def ended():
        now = deliveries(host)
        return now if len(now) == count and all(each["state"] in ("delivered", "dead") for each in now.values()) else None
    return wait_until(ended, 20, lambda: f"{deliveries(host)}\n{host.logs()}")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def test_each_subscription_has_its_own_tls(ca, upstream):
    """Six subscriptions of one receiver that wants a client certificate: only those whose every rule fits get through, whatever connection
    another one has open."""
    certificate, key = ca.sign("receiver")
    ours, ours_key = ca.sign("us", "DNS:us.test")
    old, old_key = ca.sign("old", "DNS:us.test", days=-1)
    other = Authority(ca.folder, "other")
    shown = f'cert_file = "{ours}"\nkey_file = "{ours_key}"\n'
    with Sink(tls=server(certificate, key, clients=ca)) as sink:
        config = HOOKS
        for name, rules in {
            "right": f'ca_file = "{ca.file}"\npins = ["{pin(certificate)}"]\n{shown}',
            "wrong-pin": f'ca_file = "{ca.file}"\npins = ["{pin(ours)}"]\n{shown}',
            "no-certificate": f'ca_file = "{ca.file}"\n',
            "old-certificate": f'ca_file = "{ca.file}"\ncert_file = "{old}"\nkey_file = "{old_key}"\n',
            "wrong-authority": f'ca_file = "{other.file}"\n{shown}',
            "system-authorities": shown,
        }.items():
            config += subscription(name, sink.url, "[subscription.tls]\n" + rules)
        with Trotline(config, upstream=upstream.url, env=ENV) as host:
            change(host)
            ended = settled(host, 6)
            change(host)
            sink.wait(2)
            log = host.logs()
    assert {name for name, each in ended.items() if each["state"] == "delivered"} == {"right"}
    # With TLS 1.3 a server refuses the client after the handshake, and its reset may overtake its alert.
    errors = {name: each["error"] for name, each in ended.items() if each["state"] == "dead"}
    assert all(error == "tls" or (error == "reset" and name.endswith("-certificate")) for name, error in errors.items()), errors
    assert len(sink.requests) == 2 and "expired on" in log


def test_static_credentials_arrive_in_their_order(upstream):
    with Sink() as sink:
        config = HOOKS + subscription("token", f"{sink.url}/token", 'bearer = { env = "STATIC" }\nheaders = { Z-One = "1", X-Api-Key = { env = "KEY" }, A-Two = "2" }\n')
        with Trotline(config, upstream=upstream.url, env=ENV) as host:
            change(host)
            delivery = sink.wait(1)[0]
    assert delivery.header("authorization") == "Bearer st4tic-token"
    names = [name for name, _ in delivery.headers]
    assert [name for name in names if name in ("Z-One", "X-Api-Key", "A-Two")] == ["Z-One", "X-Api-Key", "A-Two"]
    assert delivery.header("x-api-key") == "api-k3y"


class TokenServer(Sink):
    """Answers in turn as its script says; what it granted is .granted."""

    def __init__(self, answers):
        self.granted = []
        super().__init__([self.scripted(each) for each in answers])

    def scripted(self, what):
        def answer(_):
            if callable(what):
                return what()
            if not isinstance(what, dict):
                return what
            self.granted.append(f"gr4nted-{len(self.granted)}")
            return 200, {"Content-Type": "application/json"}, json.dumps({"access_token": self.granted[-1], "token_type": "Bearer", **what}).encode()
        return answer


def slow():
    time.sleep(1.5)
    return 200


def test_tokens_of_a_real_server_with_its_failures(upstream):
    """500, no answer in time, an answer that is no JSON, one without an end, then a token for two seconds; then one that the endpoint refuses."""
    revoked = []
    failures = [500, slow, (200, {}, b"<html>"), (200, {"Content-Length": "999"}, b"{")]

    def endpoint(delivery):
        return 401 if delivery.header("authorization") in revoked else 200

    with TokenServer([*failures, {"expires_in": 2}, {"expires_in": 3600}]) as login, Sink(endpoint) as sink:
        config = HOOKS + subscription("api", f"{sink.url}/hook", f"""
[subscription.oauth]
token_url = "{login.url}/token"
client_id = "trot line"
client_secret = {{ env = "CLIENT_SECRET" }}
scope = "hooks:write x"
""")
        with Trotline(config, upstream=upstream.url, env=ENV) as host:
            change(host)
            first = settled(host, 1)["api"]
            assert first["state"] == "delivered" and first["attempts"] == 5
            attempts = [json.loads(line) for line in trotline("attempts", "--json", "--store", host.store).stdout.splitlines()]
            assert sorted(each["error"] or "" for each in attempts) == ["", "token", "token", "token", "token"]
            asked = login.requests[0]
            assert dict(urllib.parse.parse_qsl(asked.body.decode())) == {"grant_type": "client_credentials", "scope": "hooks:write x"}
            assert asked.header("authorization") == "Basic dHJvdCUyMGxpbmU6Y2xpZW50LXMzY3JldCUzQSUyNg=="
            assert sink.requests[0].header("authorization") == "Bearer gr4nted-0"
            time.sleep(2)
            change(host)
            assert sink.wait(2)[1].header("authorization") == "Bearer gr4nted-1"
            revoked.append("Bearer gr4nted-1")
            change(host)
            assert sink.wait(4)[3].header("authorization") == "Bearer gr4nted-2"
            wait_until(lambda: all(each["state"] == "delivered" and each["attempts"] in (1, 5) for each in all_deliveries(host)), 10)
            said = host.logs() + trotline("status", "--json", "--store", host.store).stdout + trotline("attempts", "--json", "--store", host.store).stdout
            kept = b"".join(file.read_bytes() for file in host.store.iterdir() if file.is_file())
    assert "the token endpoint answered 500" in said
    for secret in ("gr4nted", "client-s3cret"):
        assert secret not in said and secret.encode() not in kept


def all_deliveries(host):
    return [json.loads(line) for line in trotline("deliveries", "--json", "--store", host.store).stdout.splitlines()]
