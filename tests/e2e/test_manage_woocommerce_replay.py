"""The recorded requests of webhook management, sent to our API: it answers as WooCommerce 6.5.1 answered, but for what is listed here."""

import base64
import json
import re

import pytest
from harness import CASES
from messages import Stream
from shop import Shop, api_section

FOLDER = CASES / "traffic" / "woocommerce"
pytestmark = pytest.mark.sanitized

# What may differ, and why.
# - ids: each shop counts for itself. - times: of another day.
# - headers of the server and of WordPress's index, which the proxied site itself has: Server, Connection, Transfer-Encoding, Link to wp-json.
# - legacy Link: WooCommerce leaves the port out, so that its link leads nowhere; ours has it.
# - Cache-Control: no-store on legacy answers, where WooCommerce says nothing and a cache might keep what a key may see.
# - order in 59: WooCommerce sorts by date alone, and these were made in the same second.
# - "date_modified" in 59: deliveries changed some of them there.
SERVERS_OWN = {"server", "date", "connection", "transfer-encoding", "content-length"}


class Recorded:
    def __init__(self, path):
        self.number = int(path.name[:2])
        self.name = path.stem
        self.request = Stream(None, path.read_bytes() + b"\r\n").request()
        class Source:
            @staticmethod
            def recv(_):
                return b""
        self.reply = Stream(Source, path.with_suffix(".res").read_bytes()).reply()


RECORDED = [Recorded(path) for path in sorted(FOLDER.glob("*.req")) if "webhook" in path.name or "noauth" in path.name]


def key_of(recorded):
    scheme, value = recorded.request.header("authorization").split(" ")
    assert scheme == "Basic"
    return tuple(base64.b64decode(value).decode().split(":"))


def shape(value, ids, path=""):
    """The value with its ids and times replaced by their kind."""
    if isinstance(value, dict):
        return {name: shape(member, ids, name) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member, ids, path) for member in value]
    if path == "id":
        return ("id", type(value).__name__)
    if path in ("created_at", "updated_at", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt"):
        return None if value is None else re.sub(r"\d", "9", value)
    if path == "href":
        return re.sub(r"/\d+$", "/ID", value)
    return value


def headers(reply, legacy):
    out = []
    for name, value in reply.headers:
        low = name.lower()
        if low in SERVERS_OWN or (low == "link" and "api.w.org" in value) or (legacy and low == "cache-control"):
            continue
        if low == "link" and legacy:
            value = value.replace("127.0.0.1/", "127.0.0.1:8081/")
        out.append((low, re.sub(r"/\d+$", "/ID", value) if low == "location" else value))
    return sorted(out)


def test_all_recorded_webhook_exchanges_are_here():
    assert len(RECORDED) == 29 and [each.number for each in RECORDED][:26] == list(range(1, 27))


def test_replay(tmp_path):
    key = key_of(RECORDED[0])
    apis = api_section(keys={"lab": key}, behind_tls=True, options={"version": "6.5.1", "wordpress": "6.1.9"})
    ids = {}
    with Shop(apis, directory=tmp_path) as shop:
        for recorded in RECORDED:
            legacy = "/wc-api/" in recorded.request.target
            target = re.sub(r"/webhooks/(\d+)", lambda match: f"/webhooks/{ids.get(match[1], match[1])}", recorded.request.target)
            sent = [(name, value) for name, value in recorded.request.headers if name.lower() not in ("host", "content-length", "connection")]
            reply = shop.ask(recorded.request.method, target, recorded.request.body or None, sent, host=recorded.request.header("host"))
            assert (reply.status, reply.reason) == (recorded.reply.status, recorded.reply.reason), recorded.name
            assert headers(reply, legacy) == headers(recorded.reply, legacy), recorded.name
            theirs, ours = json.loads(recorded.reply.body), json.loads(reply.body)
            if recorded.reply.status == 201:
                made = (theirs.get("webhook", theirs)["id"], ours.get("webhook", ours)["id"])
                ids[str(made[0])] = str(made[1])
            if recorded.number == 59:  # see above: order and times of change
                for known in theirs:
                    mine = next((one for one in ours if one["topic"] == known["topic"]), None)
                    if mine is None:
                        continue  # on their first page by their order
                    assert list(shape(mine, ids).items()) == list(shape(known, ids).items())
                assert len(ours) == len(theirs) == 10
                continue
            # Same members in the same order, same types, same values but ids and times: compared as text.
            assert json.dumps(shape(ours, ids)) == json.dumps(shape(theirs, ids)), recorded.name
            # And PHP's spelling of them.
            assert (b"\\/" in reply.body) == (b"\\/" in recorded.reply.body), recorded.name
