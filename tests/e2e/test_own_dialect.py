"""examples/own-dialect: an API that answers 200 to everything, as a dialect of one's own. As its script explains it, and through the real host:
the same events either way."""

import json
import os
import subprocess

import pytest
from harness import BINARY, ROOT, Client, Trotline, Upstream, trotline, wait_until

HERE = ROOT / "examples" / "own-dialect"
NAMES = sorted(path.stem for path in (HERE / "exchanges").glob("*.req"))
EVENTS = {
    "1-create": [("invoice.created", "7", {"id": 7, "state": "open", "total": "19.90"})],
    "2-create-refused": [],
    "3-create-draft": [],
    "4-pay": [("invoice.paid", "7", {"id": 7, "state": "paid", "total": "19.90", "change": "paid", "iban": "[redacted]"})],
    "5-batch": [("invoice.created", "9", {"id": 9, "state": "open", "total": "19.90"}),
                ("invoice.updated", "7", {"id": 7, "state": "sent", "total": "19.90"})],
    "6-delete": [("invoice.deleted", "9", {"id": 9})],
    "7-read": [],
}


def explained(*names, **more):
    done = subprocess.run([HERE / "run", *names], env=dict(os.environ, TROTLINE=str(BINARY), **more), capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    told = {}
    for part in done.stdout.split("\n# ")[1:]:
        name, line = part.strip().split("\n")
        told[name] = [(event["topic"], event["resource_id"], event["payload"]) for event in json.loads(line)["events"]]
    return told


def test_it_is_short():
    assert len((HERE / "bookkeeping.toml").read_text().splitlines()) < 60


def test_what_the_script_explains():
    assert explained() == EVENTS


def test_an_exchange_that_is_not_there():
    done = subprocess.run([HERE / "run", "nothing"], env=dict(os.environ, TROTLINE=str(BINARY)), capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 2 and "1-create" in done.stderr


@pytest.mark.parametrize("drafts", [False, True])
def test_the_operator_decides_about_drafts(tmp_path, drafts):
    config = tmp_path / "trotline.toml"
    config.write_text(f'dialects = ["{HERE}/bookkeeping.toml"]\n[store]\nurl = "sqlite:{tmp_path}/store"\n'
                      f'[dialect.bookkeeping]\ndrafts = {str(drafts).lower()}\n')
    exchange = HERE / "exchanges" / "3-create-draft"
    told = json.loads(trotline("explain", "-c", config, "--exchange", f"{exchange}.req", f"{exchange}.res").stdout)
    assert len(told["events"]) == drafts


def test_who_subscribes_to_what_never_comes_is_told(tmp_path):
    config = tmp_path / "trotline.toml"
    config.write_text(f'dialects = ["{HERE}/bookkeeping.toml"]\n[store]\nurl = "sqlite:{tmp_path}/store"\n'
                      '[[subscription]]\nname = "a"\ntopics = ["invoice.overdue"]\nurl = "https://a.example/"\n'
                      'secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n')
    told = trotline("check", "-c", config).stderr
    assert "a nightly job of the server finds it out" in told and "invoice.updated" in told


def recorded(host):
    told = trotline("events", "--store", host.store, "--json").stdout.splitlines()
    return [json.loads(line)["id"] for line in reversed(told)]


def test_the_same_through_the_host():
    answer = b""
    with Upstream(lambda asked: answer) as upstream, Trotline(f'dialects = ["{HERE}/bookkeeping.toml"]', upstream=upstream.url) as host:
        for name in NAMES:
            exchange = HERE / "exchanges" / name
            answer = exchange.with_suffix(".res").read_bytes()
            with Client(host.port) as client:
                client.send(exchange.with_suffix(".req").read_bytes())
                assert client.reply().status == 200
        wanted = [(topic, resource, payload) for name in NAMES for topic, resource, payload in EVENTS[name]]
        wait_until(lambda: len(recorded(host)) == len(wanted), 10, "the events")
        told = [json.loads(trotline("events", each, "--store", host.store, "--json").stdout) for each in recorded(host)]
        assert [(event["topic"], event["resource_id"], event["payload"]) for event in told] == wanted
