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
BODY = json.dumps({"id": 7, "note": "Größe L / 日本"}, ensure_ascii=False).encode()

pytestmark = pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "svix").exists()),
                                reason="needs node and `npm install` in tests/verifiers")


def verdict(library, secret, headers, body):
    question = {"library": library, "secret": secret, "headers": dict(headers), "body_base64": base64.b64encode(body).decode()}
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


def test_real_deliveries(tmp_path):
    for name, secret in (("standard", SECRET), ("woocommerce", WOO_SECRET)):
        (tmp_path / name).write_text(secret)
    with Upstream(lambda _: response(201, BODY, {"Content-Type": "application/json"})) as upstream, Sink() as standard, Sink() as woo:
        config = '[egress]\nallow = ["127.0.0.1/32"]\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'
        for name, sink in (("standard", standard), ("woocommerce", woo)):
            config += (f'[[subscription]]\nname = "{name}"\nformat = "{name}"\ntopics = ["*"]\nurl = {toml(sink.url)}\n'
                       f"secret = {{ file = {toml(tmp_path / name)} }}\n")
        with Trotline(config, upstream=upstream.url) as host:
            assert request(host.port, "POST", "/orders", b"{}").status == 201
            first = standard.wait(1)[0]
            assert verdict("standardwebhooks", SECRET, first.headers, first.body) == {"ok": True}
            assert verdict("svix", SECRET, first.headers, first.body) == {"ok": True}
            assert json.loads(first.body)["data"] == json.loads(BODY)
            second = woo.wait(1)[0]
            assert verdict("woocommerce", WOO_SECRET, second.headers, second.body) == {"ok": True}
