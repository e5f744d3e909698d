"""WooCommerce's own clients from npm, unmodified, find their webhooks API: over plain HTTP they sign with OAuth 1.0a."""

import json
import shutil
import subprocess

import pytest
from harness import ROOT
from shop import KEYS, Shop, api_section

VERIFIERS = ROOT / "tests" / "verifiers"
HOOK = "http://127.0.0.1:18999/hook"

pytestmark = pytest.mark.skipif(not (shutil.which("node") and (VERIFIERS / "node_modules" / "woocommerce-api").exists()),
                                reason="needs node and `npm install` in tests/verifiers")


@pytest.fixture
def shop(tmp_path):
    with Shop(api_section(), directory=tmp_path) as running:
        yield running


def drive(shop, client, version, key=KEYS["full"]):
    question = {"client": client, "url": f"http://127.0.0.1:{shop.port}", "key": key[0], "secret": key[1], "version": version, "hook": HOOK}
    done = subprocess.run(["node", "clients_woocommerce.js"], cwd=VERIFIERS, input=json.dumps(question), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def statuses(steps):
    return {name: step["status"] for name, step in steps.items()}


@pytest.mark.parametrize("client, version", [("api", "v1"), ("api", "v2"), ("api", "v3"), ("rest-legacy", "v1"), ("rest-legacy", "v2"), ("rest-legacy", "v3")])
def test_legacy(shop, client, version):
    steps = drive(shop, client, version)
    assert statuses(steps) == {"create": 201, "second": 201, "get": 200, "list": 200, "count": 200, "update": 200, "singular": 200, "deliveries": 200, "refused": 400, "delete": 200, "gone": 404}
    made = steps["create"]["data"]["webhook"]
    assert steps["get"]["data"]["webhook"] == made and made["hooks"] == ["woocommerce_add_to_cart"]
    assert [each["id"] for each in steps["list"]["data"]["webhooks"]] == [made["id"]] and steps["list"]["headers"]["x-wc-total"] == "2" and 'rel="first"' in steps["list"]["headers"]["link"]
    assert steps["count"]["data"] == {"count": 2} and steps["deliveries"]["data"] == {"webhook_deliveries": []}
    assert steps["update"]["data"]["webhook"]["status"] == "paused" and steps["singular"]["data"]["webhook"]["status"] == "active"
    assert steps["refused"]["data"] == {"errors": [{"code": "woocommerce_api_invalid_webhook_topic", "message": "Webhook topic is required and must be valid."}]}
    assert steps["delete"]["data"] == {"message": "Permanently deleted webhook"}


@pytest.mark.parametrize("client, version", [("rest", "v1"), ("rest", "v2"), ("rest", "v3"), ("api-wp", "v1"), ("api-wp", "v2"), ("api-wp", "v3")])
def test_rest(shop, client, version):
    steps = drive(shop, client, version)
    assert statuses(steps) == {"create": 201, "second": 201, "get": 200, "list": 200, "update": 200, "deliveries": 200, "batch": 200, "refused": 400, "trash": 501, "delete": 200, "gone": 400, "options": 200}
    made = steps["create"]["data"]
    assert steps["create"]["headers"]["location"] == f"http://127.0.0.1:{shop.port}/wp-json/wc/{version}/webhooks/{made['id']}" == made["_links"]["self"][0]["href"]
    assert steps["get"]["data"]["name"] == "Order updated" and steps["deliveries"]["data"] == []
    assert [each["id"] for each in steps["list"]["data"]] == [made["id"] + 1] and steps["list"]["headers"]["x-wp-totalpages"] == "2" and 'rel="prev"' in steps["list"]["headers"]["link"]
    batch = steps["batch"]["data"]
    assert [each["name"] for each in batch["create"]] == ["Order updated"] * 2 and batch["update"][0]["status"] == "active" and batch["delete"][0]["id"] == made["id"] + 1
    assert steps["delete"]["data"]["id"] == made["id"]


def test_a_wrong_secret_is_refused(shop):
    seen = statuses(drive(shop, "rest", "v3", ("ck_full", "cs_wrong_0123456789abcdef")))
    assert seen.pop("options") == 200 and set(seen.values()) == {401}
