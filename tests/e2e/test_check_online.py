"""`trotline check --online`: what each endpoint would meet, told without sending it anything; and what is told offline."""

import json
import re
import time

import pytest
from authority import Authority, pin, server
from cli import SECRET, said
from harness import Server, Sink, Trotline, Upstream, free_port, request, response, trotline, wait_until
from management import api_table, env_of

ENV_SECRET = '{ env = "DELIVERY_SECRET" }'


class Silent(Server):
    """Takes connections and says nothing."""

    def serve(self, connection):
        while connection.recv(4096):
            pass


class Greeting(Server):
    """Speaks first, and not TLS."""

    def serve(self, connection):
        connection.sendall(b"220 mail.test ESMTP\r\n")
        connection.recv(4096)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.setenv("DELIVERY_SECRET", SECRET)

    def run(subscriptions, code, egress=""):
        text = f'[store]\nurl = "sqlite:{tmp_path}/store"\n[egress]\n{egress}\n[standalone]\nupstream = "http://127.0.0.1:1"\n'
        text += '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\n'
        for name, (url, more) in subscriptions.items():
            text += f'[[subscription]]\nname = "{name}"\ntopics = ["*"]\nurl = "{url}"\nsecret = {ENV_SECRET}\nconnect_timeout = "1s"\n{more}\n'
        config = tmp_path / "trotline.toml"
        config.write_text(text)
        lines = said(trotline("check", "--online", "-c", config), code).splitlines()
        found = {}
        for name in subscriptions:
            place = f'subscription "{name}": '
            found[name] = [line.split(place, 1)[1] for line in lines if place in line]
            assert all(line.startswith(f"{config}:") for line in lines if place in line)
        return found
    return run


ALLOW = 'allow = ["127.0.0.1/32"]'


def test_all_is_well_and_nothing_was_sent(ca, check):
    leaf = ca.sign("good", days=40)
    ours, ours_key = ca.sign("us", "DNS:us.test")
    with Sink() as plain, Sink(tls=server(*leaf)) as secure, Sink(tls=server(*leaf, clients=ca)) as mutual, Sink(tls=server(*ca.sign("short", days=3))) as short:
        tls = f'{ALLOW}\n[subscription.tls]\nca_file = "{ca.file}"\n'
        found = check({
            "plain": (plain.url, ALLOW),
            "secure": (secure.url, tls + f'pins = ["{pin(leaf[0])}"]'),
            "mutual": (mutual.url, tls + f'cert_file = "{ours}"\nkey_file = "{ours_key}"'),
            "short": (short.url, tls),
        }, 0)
        assert found["plain"] == [f"url {plain.url}/: ok: {plain.address}, plain HTTP"]
        # Begun days do not count: one is over as soon as the certificate is a second old.
        assert re.fullmatch(re.escape(f"url {secure.url}/: ok: {secure.address}, TLSv1.3, certificate for ") + "(39|40) days", found["secure"][0])
        assert "ok: " in found["mutual"][0]
        assert re.search("certificate for [23] days; renew the endpoint's certificate soon", found["short"][0])
        wait_until(lambda: all(sink.accepted == 1 for sink in (plain, secure, mutual, short)))
        assert not any(sink.requests for sink in (plain, secure, mutual, short))


def test_each_fault_says_what_would_be_right(ca, check):
    closed = free_port()
    other = Authority(ca.folder, "stranger")
    good = ca.sign("leaf")
    with (Sink(tls=server(*ca.sign("over", days=-1))) as over, Sink(tls=server(*ca.sign("name", "DNS:other.test"))) as name,
          Sink(tls=server(*other.sign("foreign"))) as foreign, Sink(tls=server(*good)) as secure, Sink(tls=server(*good, clients=ca)) as mutual,
          Sink() as plain, Silent() as silent, Greeting() as greeting):
        tls = f'{ALLOW}\n[subscription.tls]\nca_file = "{ca.file}"\n'
        found = check({
            "over": (over.url, tls),
            "name": (name.url, tls),
            "foreign": (foreign.url, tls),
            "pin": (secure.url, tls + f'pins = ["{pin(ca.file)}"]'),
            "mutual": (mutual.url, tls),
            "not-tls": (f"https://{greeting.address}", tls),
            "silent": (f"https://{silent.address}", tls),
            "closed": (f"http://127.0.0.1:{closed}", ALLOW),
            "private": ("http://10.1.2.3/", ""),
            "metadata": ("http://169.254.169.254/", ""),
            "denied": ("http://192.0.2.7/", ""),
            "unknown": ("https://no-such-name.invalid/", ""),
            "ours": ("http://127.0.0.1:1234/", ALLOW),
            "token": (plain.url, f'{ALLOW}\n[subscription.oauth]\ntoken_url = "http://127.0.0.1:{closed}/token"\nclient_id = "x"\nclient_secret = {ENV_SECRET}'),
        }, 1, 'deny = ["192.0.2.0/24"]\nown = ["127.0.0.1:1234"]')
        assert "expired; right would be a new certificate at the endpoint" in found["over"][0]
        assert "right would be a certificate for the host in the url" in found["name"][0]
        assert "unable to get local issuer certificate; right would be" in found["foreign"][0] and "ca_file" in found["foreign"][0]
        assert f'none of \'pins\'; right would be "{pin(good[0])}"' in found["pin"][0]
        # Its alert, or its reset, which may overtake the alert.
        assert "ends the connection after the handshake: " in found["mutual"][0] and "a client certificate: [subscription.tls] cert_file" in found["mutual"][0]
        assert "no TLS connection" in found["not-tls"][0]
        assert f"{silent.address} takes the connection, but TLS is not ready within 1000 ms" in found["silent"][0]
        assert "right would be an endpoint that listens there" in found["closed"][0]
        assert found["private"] == ['url http://10.1.2.3/: the address 10.1.2.3 is refused: private; right would be allow = ["10.1.2.3"] in the subscription, if it may be reached']
        assert "no configuration allows this one" in found["metadata"][0]
        assert "[egress] deny without it" in found["denied"][0]
        assert "the name no-such-name.invalid does not resolve" in found["unknown"][0]
        assert "in a circle" in found["ours"][0]
        assert "ok: " in found["token"][0] and found["token"][1].startswith(f"token_url http://127.0.0.1:{closed}/token: ") and "; right would be" in found["token"][1]
        assert not plain.requests


def test_many_slow_ones_are_looked_at_side_by_side(check):
    with Silent() as silent:
        before = time.monotonic()
        found = check({f"s{i}": (f"https://{silent.address}/{i}", ALLOW) for i in range(60)}, 1)
        assert time.monotonic() - before < 8
    assert all("within 1000 ms" in lines[0] for lines in found.values())


def test_offline_check_connects_to_nobody(check, tmp_path):
    with Sink() as sink:
        check({"one": (sink.url, ALLOW)}, 0)
        wait_until(lambda: sink.accepted == 1)
        said(trotline("check", "-c", tmp_path / "trotline.toml"), 0)
        assert sink.accepted == 1


def test_what_apis_made_and_the_upstream_are_looked_at(monkeypatch):
    """Those of one endpoint once; paused and removed ones are not asked for; a store that cannot be read is told and no more."""
    key, closed = "a-write-key-of-the-bucket", free_port()
    config = api_table("shop", "cosmic", {"all": (key, "read_write")}, tenant="b", more='allow = ["127.0.0.1/32"]\n')
    config += '[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nhydrate = "/orders/1"\n[hydrate]\ntimeout = "1s"\n'
    for name, value in env_of(key).items():
        monkeypatch.setenv(name, value)

    def make(endpoint):
        reply = request(host.port, "POST", "/v1/b/webhooks", json.dumps({"write_key": key, "event": "order.created", "endpoint": endpoint}),
                        [("Content-Type", "application/json")])
        assert reply.status == 200, reply
        return json.loads(reply.body)["webhook"]["id"]

    with Sink() as sink, Upstream(lambda _: response(200, b"{}")) as upstream, Trotline(config, upstream=upstream.url, env=env_of(key)) as host:
        first = make(sink.url + "/a")
        make(sink.url + "/b?token=canary")
        gone = make(f"http://127.0.0.1:{free_port()}/gone")
        assert request(host.port, "DELETE", f"/v1/b/webhooks/{gone}", json.dumps({"write_key": key}), [("Content-Type", "application/json")]).status == 200
        lines = said(trotline("check", "--online", "-c", host.config), 0).splitlines()
        assert f"{host.config}:2:1: subscription \"shop/{first}\" and 1 more: url {sink.url}/a: ok: {sink.address}, plain HTTP" in lines
        assert f"{host.config}: [hydrate]: upstream {upstream.url}: ok: {upstream.address}, plain HTTP" in lines
        assert len(lines) == 3 and not sink.requests and "canary" not in str(lines)
        second = make(f"http://127.0.0.1:{closed}/")
        lines = said(trotline("check", "--online", "-c", host.config), 1).splitlines()
        assert any(f'subscription "shop/{second}": url http://127.0.0.1:{closed}/: ' in line and "right would be an endpoint" in line for line in lines)
        host.stop()
        upstream.close()
        assert any("[hydrate]: upstream" in line and "right would be" in line for line in said(trotline("check", "--online", "-c", host.config), 1).splitlines())
        (host.store / "trotline.db").write_bytes(b"no store at all" * 100)
        done = trotline("check", "--online", "-c", host.config)
        assert "subscriptions that APIs made are not looked at: " in done.stderr and "shop/" not in done.stdout


@pytest.mark.parametrize("url, more, told", [
    ("http://10.1.2.3/", "", '10.1.2.3 is private; right would be allow = ["10.1.2.3"] in the subscription, if it may be reached'),
    ("http://[fd00::1]/", "", 'fd00::1 is ula; right would be allow = ["fd00::1"] in the subscription'),
    ("http://169.254.169.254/", 'allow = ["169.254.0.0/16"]', "no configuration allows this one"),
    ("http://192.0.2.7/", "", "right would be [egress] deny without it"),
    ("http://localhost:9000/", "", '127.0.0.1 is loopback; right would be allow = ["127.0.0.1"] in the subscription'),
    ("http://127.0.0.1:1234/", ALLOW, "in a circle"),
    ("http://10.1.2.3/", 'allow = ["10.0.0.0/8"]', None),
    ("http://localhost:9000/", ALLOW, None),
    ("https://no-such-name.invalid/", "", None),
])
def test_offline_an_address_in_the_url_is_judged(tmp_path, monkeypatch, url, more, told):
    monkeypatch.setenv("DELIVERY_SECRET", SECRET)
    config = tmp_path / "trotline.toml"
    config.write_text(f"""[store]
url = "sqlite:{tmp_path}/store"
[egress]
deny = ["192.0.2.0/24"]
own = ["127.0.0.1:1234"]
[[hook]]
topic = "order.created"
match = "POST /orders"
[[subscription]]
name = "one"
topics = ["*"]
url = "{url}"
secret = {ENV_SECRET}
{more}
""")
    done = trotline("check", "-c", config)
    said(done, 0)
    if told is None:
        assert "no delivery" not in done.stderr
    else:
        assert f"warning: {config}:12:7: no delivery reaches 'url': " in done.stderr and told in done.stderr
