"""Deliveries made inside a network namespace in which every address leads to the namespace itself and nftables notes where connections and
datagrams go: the kernel counts, not we. Needs root, nft and unshare."""

import ipaddress
import json
import shutil
import subprocess

from harness import Trotline, Upstream, request, toml, trotline, wait_until

RULES = """
table inet watch {
  set seen4 { type ipv4_addr; flags dynamic; }
  set seen6 { type ipv6_addr; flags dynamic; }
  counter begun { }
  chain out {
    type filter hook output priority 0;
    meta l4proto != { tcp, udp } return
    tcp flags & (syn | ack) != syn return
    ip daddr 127.0.0.53 udp dport 53 return
    ip saddr 127.0.0.53 udp sport 53 return
    counter name begun
    add @seen4 { ip daddr }
    add @seen6 { ip6 daddr }
  }
}
"""


def permitted():
    if not all(shutil.which(tool) for tool in ("nft", "unshare", "nsenter", "ip")):
        return False
    return subprocess.run(["unshare", "-n", "-m", "sh", "-c", "ip link set lo up && ip route add local default dev lo && nft list ruleset"],
                          capture_output=True, check=False).returncode == 0


def basic(text):
    """A TOML string, whatever is in it."""
    return '"' + "".join(f"\\u{ord(each):04x}" if ord(each) < 32 or each in '"\\\x7f' else each for each in text) + '"'


def configuration(folder, urls, egress, paused, keys=""):
    text = f"""
[store]
url = "sqlite:{folder}/store"
[egress]
{egress}
[[hook]]
topic = "order.created"
match = "POST /orders"
"""
    for number, url in urls.items():
        text += f"""
[[subscription]]
name = "{number}"
topics = ["*"]
url = {basic(url)}
secret = {{ file = {toml(folder / "secret")} }}
{keys or "schedule = []"}
connect_timeout = "1s"
timeout = "2s"
paused = {"true" if paused else "false"}
"""
    return text


def prepare(folder, urls, egress, keys=""):
    """A store that holds one order for each of the urls, not delivered yet; the configuration to deliver it with."""
    with Upstream() as upstream, Trotline(configuration(folder, urls, egress, True, keys), upstream=upstream.url, directory=folder) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 200
        wait_until(lambda: len(listed(folder, "deliveries")) == len(urls), 20, "a delivery for each")
    config = folder / "deliver.toml"
    config.write_text(configuration(folder, urls, egress, False, keys) + '[standalone]\nupstream = "http://127.0.0.1:1"\n', encoding="utf-8")
    return config


def listed(folder, what):
    done = trotline(what, "--json", "--limit", "100000", "--store", folder / "store")
    return [json.loads(line) for line in done.stdout.splitlines()]


def watched(pid):
    """How many connections and datagrams were begun in the namespace of that process, and where they went."""
    told = subprocess.run(["nsenter", "-t", str(pid), "-n", "nft", "-j", "list", "table", "inet", "watch"], capture_output=True, text=True, check=True)
    begun, seen = None, set()
    for each in json.loads(told.stdout)["nftables"]:
        if "counter" in each:
            begun = each["counter"]["packets"]
        if "set" in each:
            seen |= {ipaddress.ip_address(address) for address in each["set"].get("elem", [])}
    return begun, seen
