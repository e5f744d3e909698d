"""The guard against a real name server, receivers that redirect, and proxies in the environment: inside a network namespace in which the
kernel notes where connections go. The name server is authoritative and changes its mind: rebinding."""

import ipaddress
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli import SECRET
from harness import BINARY, toml, wait_until
from namespace import RULES, listed, permitted, prepare, watched

pytestmark = pytest.mark.skipif(not permitted(), reason="counting packets takes root, network namespaces and nftables")

SETUP = """
set -e
ip link set lo up
ip route add local default dev lo
mount --bind "$1/resolv" /etc/resolv.conf
mount --bind "$1/nsswitch" /etc/nsswitch.conf
nft -f "$1/rules"
"$4" "$5" "$1/seen" &
until grep -q ready "$1/seen" 2>/dev/null; do sleep 0.1; done
exec "$2" dispatch -c "$3"
"""
URLS = {name: f"http://{name}.test/hook" for name in ("rebind", "mixed", "alias", "redirect", "plain", "missing")}
PROXY = "http://127.0.0.1:3128"


def notes(folder):
    seen = folder / "seen"
    return [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "rules").write_text(RULES)
    (tmp_path / "nsswitch").write_text("hosts: dns\n")
    (tmp_path / "resolv").write_text("nameserver 127.0.0.53\noptions timeout:1 attempts:2\n")
    return tmp_path


def test_no_name_redirect_or_proxy_leads_to_a_blocked_address(folder):
    config = prepare(folder, URLS, "", f"schedule = {toml(['1s'] * 12)}")
    environment = dict(os.environ, http_proxy=PROXY, HTTP_PROXY=PROXY, https_proxy=PROXY, ALL_PROXY="socks5h://127.0.0.1:3128", all_proxy=PROXY)
    with (folder / "dispatch.log").open("wb") as log:
        child = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", SETUP, "sh", folder, BINARY, config, sys.executable,
                                  Path(__file__).with_name("namespace_peers.py")], stdout=log, stderr=log, env=environment)
    try:
        def log_text():
            return (folder / "dispatch.log").read_text()[-3000:] + f"\n{notes(folder)}"

        # The first answer leads to a public address, and a delivery went there. Then the name leads to loopback; a reload forgets what
        # libcurl remembers of it.
        wait_until(lambda: any(each.get("host") == "rebind.test" for each in notes(folder)), 20, log_text)
        child.send_signal(signal.SIGHUP)

        def ended():
            assert child.poll() is None, log_text()
            return all(each["state"] != "pending" for each in listed(folder, "deliveries"))
        wait_until(ended, 40, log_text)
        begun, seen = watched(child.pid)
    finally:
        child.terminate()
        child.wait(20)
    came = {each["host"] for each in notes(folder) if "came" in each}
    assert came <= {"rebind.test", "redirect.test", "plain.test", "mixed.test"} and {"rebind.test", "redirect.test", "plain.test"} <= came
    public = {ipaddress.ip_address(f"93.184.216.{last}") for last in (34, 35, 36, 37)}
    assert seen <= public and begun >= 3, (begun, seen)
    ends = {each["subscription"]: each for each in listed(folder, "deliveries")}
    assert ends["plain"]["state"] == "delivered" and ends["redirect"]["status"] == 307
    assert {name: ends[name]["error"] for name in ("rebind", "alias", "missing")} == {"rebind": "blocked", "alias": "blocked", "missing": "resolve"}
    assert len([each for each in notes(folder) if each.get("asked") == "rebind.test" and each["kind"] == 1]) >= 2
