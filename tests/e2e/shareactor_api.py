"""A host with ShareActor's management API for two companies, and a client of it."""

import base64
import hashlib
import hmac
import json

import pytest
from harness import ROOT, Trotline, Upstream, free_port, request, response, toml, wait_until


VERIFIERS = ROOT / "tests" / "verifiers"
COMPANY, OTHER_COMPANY = "57ee9c71d76d431f8511142f", "591ee15db70e2a10acb65362"
ID, ACCOUNT = "kvass-api-key", "service-account-key-of-many-letters"
READER, READER_ACCOUNT = "kvass-read-key", "another-service-account-key"
OTHER, OTHER_ACCOUNT = "other-company-key", "other-company-service-account"
ENDPOINT = "http://127.0.0.2/hook"  # allowed by the configuration, and nobody is there
ORDER = {"_id": {"$oid": "591ee163b70e2a10acb653a7"}, "human_id": "51Q4LN", "total_amount": 1200.0}



def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims=None, secret=ACCOUNT, header=None):
    signed = b64(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims or {}).encode())
    return signed + "." + b64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def api(name, company, keys, more=""):
    text = f'\n[[api]]\nname = "{name}"\ndialect = "shareactor"\ntenant = "{company}"\n{more}\n'
    for key_id, secret, permission in keys:
        text += f'[[api.key]]\nid = "{key_id}"\nsecret = {{ env = "{secret}" }}\npermission = "{permission}"\n'
    return text


KEYS = {"ACCOUNT": ACCOUNT, "READER_ACCOUNT": READER_ACCOUNT, "OTHER_ACCOUNT": OTHER_ACCOUNT}


def config(folder, port, more=""):
    (folder / "token").write_text("0123456789abcdef0123456789abcdef\n")
    return (f'dialects = ["shareactor"]\n[admin]\nlisten = "127.0.0.1:{port}"\ntoken_file = {toml(folder / "token")}\n'
            '[egress]\nallow = ["127.0.0.2/32"]\n'
            '[[hook]]\ntopic = "parcel.{response:/state}"\nmatch = "POST /parcels"\nid = "response:/id"\n'
            + api("one", COMPANY, [(ID, "ACCOUNT", "read_write"), (READER, "READER_ACCOUNT", "read")])
            + api("two", OTHER_COMPANY, [(OTHER, "OTHER_ACCOUNT", "read_write")])
            + api("plain", COMPANY, [(ID, "ACCOUNT", "read_write")], 'prefix = "/plain"\noptions = { handshake = false, ids = "plain" }\nmost = 3') + more)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host (.manage is the port that answers) that has recorded three orders."""
    folder = tmp_path_factory.mktemp("shareactor")
    port = free_port()

    def answer(asked):
        body = json.loads(asked.body or b"{}")
        return response(200, json.dumps(ORDER | body), {"Content-Type": "application/json"})
    with Upstream(answer) as upstream, Trotline(config(folder, port), upstream=upstream.url, env=KEYS) as running:
        running.manage = port
        wait_until(lambda: "admin listening on" in running.logs(), 15, running.logs)
        for number in range(3):
            assert request(running.port, "POST", "/orders", json.dumps({"number": number})).status == 200
        yield running


class Api:
    """A client of the API: one request, its answer's status and JSON."""

    def __init__(self, host, key=ID, bearer=ACCOUNT, prefix=""):
        self.host, self.prefix = host, prefix
        self.headers = [("X-Share-Api-Key", key), ("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json")]
        self.reply = None

    def ask(self, method, path, body=None, headers=None):
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        self.reply = request(self.host.manage, method, self.prefix + path, body, self.headers if headers is None else headers, host="api.shareactor.test")
        if self.reply.status != 204:
            assert self.reply.header("content-type") == "application/json", self.reply
        return self.reply.status, json.loads(self.reply.body) if self.reply.body else None

    def good(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status in (200, 204), (status, answer)
        return answer

    def bad(self, status, method, path, body=None, headers=None):
        got, answer = self.ask(method, path, body, headers)
        assert got == status and answer["status"] == status and answer["message"] and set(answer) <= {"message", "status", "errors"}, (got, answer)
        return answer

    def create(self, **fields):
        return self.good("POST", "/webhooks", {"endpoint": ENDPOINT, "event_type": "order.created"} | fields)

    def total(self):
        self.good("GET", "/webhooks?size=1")
        return int(self.reply.header("x-pagination-total"))


@pytest.fixture
def client(host):
    return Api(host)


def oid(webhook):
    return webhook["_id"]["$oid"]
