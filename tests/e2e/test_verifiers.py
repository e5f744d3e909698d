"""Other people's code verifies what we sign: the libraries that receivers use, from npm (tests/run installs them)."""

import base64
import json
import shutil
import subprocess

import pytest
from harness import ROOT, Sink, Trotline, Upstream, request, response, toml, trotline

VERIFIERS = ROOT / "tests" / "verifiers"
SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, really").decode()
WOO_SECRET = "woocommerce key of many letters"
OLD_SECRET = "whsec_" + base64.b64encode(b"the key that was there before it").decode()
PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
URL = "https://receiver.example/hooks/orders?a=1"
BODY = json.dumps({"id": 7, "note": "Größe L / 日本"}, ensure_ascii=False).encode()

pytestmark = pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "svix").exists()),
                                reason="needs node and `npm install` in tests/verifiers")


def verdict(library, secret, headers, body, **more):
    question = {"library": library, "secret": secret, "headers": dict(headers), "body_base64": base64.b64encode(body).decode(), **more}
    done = subprocess.run(["node", "verify.js"], cwd=VERIFIERS, input=json.dumps(question) + "\n", capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def signed(tmp_path, form, secret, body, *options):
    (tmp_path / "secret").write_text(secret)
    done = trotline("sign", "--format", form, "--secret-file", tmp_path / "secret", "--topic", "order.created", *options, stdin=body)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split(": ", 1)) for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("library", ["standardwebhooks", "svix"])
def test_standard(tmp_path, library):
    headers = signed(tmp_path, "standard", SECRET, BODY)
    assert verdict(library, SECRET, headers, BODY) == {"ok": True}
    assert not verdict(library, SECRET, headers, BODY + b" ")["ok"]
    assert not verdict(library, SECRET, signed(tmp_path, "standard", SECRET, BODY, "--timestamp", 1768471200), BODY)["ok"]


def test_woocommerce(tmp_path):
    headers = signed(tmp_path, "woocommerce", WOO_SECRET, BODY)
    assert verdict("woocommerce", WOO_SECRET, headers, BODY) == {"ok": True}
    assert not verdict("woocommerce", WOO_SECRET + "!", headers, BODY)["ok"]


def test_shareactor(tmp_path):
    headers = signed(tmp_path, "shareactor", WOO_SECRET, BODY)
    assert verdict("shareactor", WOO_SECRET, headers, BODY) == {"ok": True}
    assert not verdict("shareactor", WOO_SECRET + "!", headers, BODY)["ok"]


@pytest.mark.parametrize("form", ["cosmic", "datocms", "cockpit"])
def test_a_secret_signs_what_has_no_signature(tmp_path, form):
    headers = signed(tmp_path, form, SECRET, BODY)
    assert verdict("standardwebhooks", SECRET, headers, BODY) == {"ok": True}
    assert not verdict("svix", SECRET, headers, BODY + b" ")["ok"]


# One that carries its own verifier's name, a secret for it, and what is not what we signed.
@pytest.mark.parametrize("form, library, secret", [
    ("svix", "svix", SECRET),
    ("stripe", "stripe", "whsec_test_secret_trotline"),
    ("github", "github", WOO_SECRET),
    ("shopify", "shopify", WOO_SECRET),
    ("plain?prefix=Stripe-", "stripe", WOO_SECRET),
])
def test_their_own_libraries(tmp_path, form, library, secret):
    headers = signed(tmp_path, form, secret, BODY)
    assert verdict(library, secret, headers, BODY) == {"ok": True}
    assert not verdict(library, secret, headers, BODY + b" ")["ok"]
    assert not verdict(library, secret[:-1] + "A", headers, BODY)["ok"]


def test_ed25519_needs_the_public_half_only(tmp_path):
    headers = signed(tmp_path, "standard", PAIR, BODY)
    assert verdict("v1a", PUBLIC, headers, BODY) == {"ok": True}
    assert not verdict("v1a", PUBLIC, headers, BODY + b" ")["ok"]
    (tmp_path / "public").write_text(PUBLIC)
    options = [word for name, value in headers for word in ("--header", f"{name}: {value}")]
    assert trotline("verify", "--secret-file", tmp_path / "public", *options, stdin=BODY).returncode == 0
    assert trotline("verify", "--secret-file", tmp_path / "public", *options, stdin=BODY + b" ").returncode == 1


@pytest.mark.parametrize("secret, proof", [(SECRET, SECRET), (PAIR, PUBLIC)])
def test_http_message_signatures(tmp_path, secret, proof):
    headers = signed(tmp_path, "http-signature", secret, BODY, "--url", URL)
    assert verdict("http-message-signatures", proof, headers, BODY, url=URL) == {"ok": True}
    assert not verdict("http-message-signatures", proof, headers, BODY + b" ", url=URL)["ok"]
    assert not verdict("http-message-signatures", proof, headers, BODY, url=URL + "2")["ok"]
    other = [(name, "text/plain" if name == "Content-Type" else value) for name, value in headers]
    assert not verdict("http-message-signatures", proof, other, BODY, url=URL)["ok"]
    options = [word for name, value in headers for word in ("--header", f"{name}: {value}")]
    (tmp_path / "proof").write_text(proof)
    for url, code in ((URL, 0), (URL + "2", 1)):
        assert trotline("verify", "--format", "http-signature", "--url", url, "--secret-file", tmp_path / "proof", *options, stdin=BODY).returncode == code


FORMATS = {
    "standard": [("standardwebhooks", SECRET), ("svix", SECRET), ("standardwebhooks", OLD_SECRET), ("v1a", PUBLIC)],
    "svix": [("svix", SECRET), ("svix", OLD_SECRET)],
    "stripe": [("stripe", SECRET), ("stripe", OLD_SECRET)],
    "github": [("github", SECRET)],
    "shopify": [("shopify", SECRET)],
    "cloudevents": [("cloudevents", ""), ("standardwebhooks", SECRET)],
    "http-signature": [("http-message-signatures", PUBLIC)],
    "woocommerce": [("woocommerce", SECRET)],
}


def test_real_deliveries(tmp_path):
    """Each format over a socket, in the middle of a rotation: its receivers' libraries take it, and nothing that was touched."""
    for name, secret in (("new", SECRET), ("old", OLD_SECRET), ("pair", PAIR)):
        (tmp_path / name).write_text(secret)
    config = ('[egress]\nallow = ["127.0.0.1/32"]\n[key_set]\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n')
    with Upstream(lambda _: response(201, BODY, {"Content-Type": "application/json"})) as upstream, Sink() as sink:
        for name in FORMATS:
            files = {"http-signature": ["pair"], "standard": ["new", "old", "pair"]}.get(name, ["new", "old"])
            secrets = ", ".join(f"{{ file = {toml(tmp_path / one)}{', until = 2999-01-01T00:00:00Z' if one == 'old' else ''} }}" for one in files)
            config += f'[[subscription]]\nname = "{name}"\nformat = "{name}"\ntopics = ["*"]\nurl = {toml(sink.url.rstrip("/") + "/" + name)}\nsecret = [{secrets}]\n'
        with Trotline(config, upstream=upstream.url) as host:
            assert request(host.port, "POST", "/orders", b"{}").status == 201
            got = {one.target.strip("/"): one for one in sink.wait(len(FORMATS))}
            keys = json.loads(request(host.port, "GET", "/.well-known/trotline/jwks.json").body)["keys"]
    assert set(got) == set(FORMATS)
    for name, libraries in FORMATS.items():
        one = got[name]
        url = sink.url.rstrip("/") + one.target
        for library, secret in libraries:
            assert verdict(library, secret, one.headers, one.body, url=url) == {"ok": True}, (name, library)
            broken = one.body.replace(b"source", b"sauce") if library == "cloudevents" else one.body + b" "
            assert not verdict(library, secret, one.headers, broken, url=url)["ok"], (name, library)
    assert json.loads(got["standard"].body)["data"] == json.loads(BODY)
    assert json.loads(got["stripe"].body)["data"]["object"] == json.loads(BODY)
    # The published key is enough to verify.
    assert verdict("v1a", "", got["standard"].headers, got["standard"].body, jwk=keys[0]) == {"ok": True}
    assert f'keyid="{keys[0]["kid"]}"' in dict(got["http-signature"].headers)["Signature-Input"]
