"""No packet leaves for an address that the guard blocks: the kernel counts, not we.

Events are recorded by a host for one paused subscription a row of tests/cases/ssrf.tsv. Then `trotline dispatch` delivers them inside a
network namespace in which every address there is leads to the namespace itself, and nftables notes the destination of each connection
that is begun and of each datagram. The control delivers the same with the guard told to allow, and must be seen by the same counter.
Needs root, nft and unshare.
"""

import ipaddress
import re
import subprocess

import pytest
from cli import SECRET
from harness import BINARY, CASES, trotline, wait_until
from namespace import RULES, basic, configuration, listed, permitted, prepare, watched

# Names are looked up in a file, because a query would be a packet, too.
NAMES = {
    "localhost": ["127.0.0.1", "::1"], "localhost.": ["127.0.0.1"], "a.localhost": ["127.0.0.1"], "ip6-localhost": ["::1"],
    "metadata.google.internal": ["169.254.169.254"], "loop.test": ["127.0.0.1"], "private.test": ["10.1.2.3"], "meta.test": ["169.254.169.254"],
    "loop6.test": ["::1"], "mapped.test": ["::ffff:127.0.0.1"], "nat64.test": ["64:ff9b::7f00:1"], "mixed.test": ["10.1.2.3", "127.0.0.1"],
    "cname.test": ["10.1.2.4"], "zero.test": ["0.0.0.0"], "127.0.0.1.wild.test": ["127.0.0.1"], "ula.test": ["fd00::1"], "rebind.test": ["127.0.0.1"],
    "pub.test": ["8.8.8.8"],
}
# In the namespace: every address is local, names come from the file beside, and nothing but the dispatcher runs.
SETUP = """
set -e
ip link set lo up
ip route add local default dev lo
ip -6 route add local default dev lo
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/nsswitch" /etc/nsswitch.conf
nft -f "$1/rules"
exec "$2" dispatch -c "$3"
"""


pytestmark = pytest.mark.skipif(not permitted(), reason="counting packets takes root, network namespaces and nftables")


def unescaped(text):
    """\\xNN is a byte, \\\\ a backslash."""
    return re.sub(rb"\\x([0-9a-f]{2})|\\(\\)", lambda match: match[2] or bytes([int(match[1], 16)]), text.encode()).decode("utf-8", "replace")


def rows(expect):
    """Urls of the rows that are to be blocked or allowed, by the row's id."""
    out = {}
    for line in (CASES / "ssrf.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        number, kind, text, _, expected, *_ = line.split("\t")
        if expected != expect or kind not in ("addr", "url"):
            continue
        text = unescaped(text)
        if kind == "addr":
            text = f"http://[{text}]/" if ":" in text else f"http://{text}/"
        out[number] = text
    return out


@pytest.fixture
def folder(tmp_path):
    """With what the namespace needs."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "rules").write_text(RULES)
    (tmp_path / "nsswitch").write_text("hosts: files\n")
    (tmp_path / "hosts").write_text("".join(f"{address} {name}\n" for name, addresses in NAMES.items() for address in addresses))
    return tmp_path


def takeable(folder, urls):
    """Those urls that a configuration may hold at all: the others are refused there, and never come to a delivery."""
    refused = 0
    while True:
        (folder / "check.toml").write_text(configuration(folder, urls, "", False) + '[standalone]\nupstream = "http://127.0.0.1:1"\n', encoding="utf-8")
        done = trotline("check", "-c", folder / "check.toml")
        if done.returncode == 0:
            return urls, refused
        lines = (folder / "check.toml").read_text(encoding="utf-8").split("\n")
        wrong = {lines[int(match[1]) - 1] for match in re.finditer(r"check\.toml:(\d+):", done.stdout)}
        kept = {number: url for number, url in urls.items() if f"url = {basic(url)}" not in wrong}
        assert len(kept) < len(urls), done.stdout[:2000]
        refused += len(urls) - len(kept)
        urls = kept


def deliver(folder, config, count):
    """Delivers in a namespace until all `count` deliveries have ended: their errors by subscription, packets begun, and where they went."""
    with (folder / "dispatch.log").open("wb") as log:
        child = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", SETUP, "sh", folder, BINARY, config], stdout=log, stderr=log)
    try:
        def ended():
            assert child.poll() is None, (folder / "dispatch.log").read_text()
            return len([each for each in listed(folder, "deliveries") if each["state"] != "pending"]) == count
        wait_until(ended, 60, lambda: (folder / "dispatch.log").read_text()[-2000:])
        begun, seen = watched(child.pid)
    finally:
        child.terminate()
        child.wait(20)
    return {each["subscription"]: each["error"] for each in listed(folder, "deliveries")}, begun, seen


def test_no_packet_leaves_for_a_blocked_address(folder):
    every = rows("block")
    urls, refused = takeable(folder, every)
    assert len(urls) > 100 and refused > 50 and len(urls) + refused == len(every)
    errors, begun, seen = deliver(folder, prepare(folder, urls, ""), len(urls))
    assert (begun, seen) == (0, set())
    # A name that leads nowhere is not blocked, it is not found.
    assert {number: error for number, error in errors.items() if error not in ("blocked", "resolve")} == {}
    assert sum(error == "blocked" for error in errors.values()) > 100


def test_control_the_counter_sees_what_the_guard_lets_through(folder):
    urls, _ = takeable(folder, {**rows("block"), **rows("allow")})
    egress = 'allow = ["10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "fd00::/8"]'
    errors, begun, seen = deliver(folder, prepare(folder, urls, egress), len(urls))
    told = {ipaddress.ip_address(text) for text in ("10.0.0.0", "10.255.255.255", "127.0.0.1", "192.168.0.0", "8.8.8.8", "1.0.0.0")}
    assert told <= seen and begun >= len(seen), (errors, seen)
    # Metadata services stay out of reach, also then.
    assert not any(address in ipaddress.ip_network("169.254.0.0/16") for address in seen if address.version == 4)
    assert {error for error in errors.values()} >= {"blocked", "connect"}
