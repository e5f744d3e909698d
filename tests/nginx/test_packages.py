"""The packages on a machine that has never seen the project: a new Debian of its own directory, its own nginx, the two packages installed by
apt, a configuration, and a webhook arrives. What is removed is gone, what was recorded stays until it is purged."""

import os
import shutil
import subprocess

import pytest
from harness import BUILD, Sink, Upstream, can_connect, free_port, request, response, wait_until

PACKAGES = ("trotline", "libnginx-mod-http-trotline")
CONFIG = """
[store]
url = "sqlite:/var/lib/trotline"
[egress]
allow = ["127.0.0.1/32"]
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
[[subscription]]
name = "test"
topics = ["order.*"]
url = "{sink}/hook"
secret = {{ file = "secret" }}
"""
SITE = """
trotline_config /etc/trotline/trotline.toml;
server {{ listen 127.0.0.1:{port}; location / {{ trotline on; proxy_pass {upstream}; }} }}
"""


def run(*command, **options):
    told = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False, **options)
    assert told.returncode == 0, f"{command}\n{told.stdout[-3000:]}{told.stderr[-3000:]}"
    return told.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    place = tmp_path_factory.mktemp("packages")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", place, cwd=BUILD)
    found = sorted(place.glob("*.deb"))
    assert len(found) == len(PACKAGES), found
    return found


@pytest.fixture(scope="module")
def machine(packages, tmp_path_factory):
    root = tmp_path_factory.mktemp("machine") / "root"
    inside = [f"/tmp/{each.name}" for each in packages]
    run("mmdebstrap", "--mode=root", "--variant=apt", "--include=nginx", f"--customize-hook=copy-in {' '.join(map(str, packages))} /tmp",
        f"--customize-hook=chroot \"$1\" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q {' '.join(inside)}", "bookworm", root)
    yield root
    shutil.rmtree(root, ignore_errors=True)


def chroot(machine, *command):
    return run("chroot", machine, *command)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a machine of its own needs root")
def test_two_packages_and_a_configuration_deliver_a_webhook(machine):
    assert (machine / "etc/nginx/modules-enabled/50-mod-http-trotline.conf").is_symlink()
    store = machine / "var/lib/trotline"
    assert store.stat().st_mode & 0o777 == 0o700 and store.stat().st_uid == 33  # www-data
    assert chroot(machine, "trotline", "check", "-c", "/etc/trotline/trotline.toml") is not None
    port = free_port()
    with Upstream(lambda _: response(201, b'{"id":5}', [("Content-Type", "application/json")])) as upstream, Sink() as sink:
        (machine / "etc/trotline/trotline.toml").write_text(CONFIG.format(sink=sink.url), encoding="utf-8")
        secret = machine / "etc/trotline/secret"
        secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", encoding="utf-8")
        secret.chmod(0o600)  # the master reads it as root, the workers need not
        (machine / "etc/nginx/sites-enabled/default").unlink()
        (machine / "etc/nginx/conf.d/site.conf").write_text(SITE.format(port=port, upstream=upstream.url), encoding="utf-8")
        chroot(machine, "nginx", "-t", "-q")
        assert not list(store.iterdir())  # -t has touched nothing
        chroot(machine, "nginx", "-g", "daemon on;")
        pid = int((machine / "run/nginx.pid").read_text(encoding="ascii"))
        try:
            wait_until(lambda: can_connect(port), 10, "nginx")
            assert request(port, "POST", "/orders", b"{}").status == 201
            delivery, = sink.wait(1)
            assert b'"order.created"' in delivery.body
        finally:
            os.kill(pid, 15)
            wait_until(lambda: not can_connect(port), 10, "the end of nginx")
        assert "order.created" in chroot(machine, "trotline", "events", "--store", "/var/lib/trotline")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a machine of its own needs root")
def test_removed_and_purged(machine):
    chroot(machine, "apt-get", "remove", "-y", "-q", *PACKAGES)
    assert not (machine / "etc/nginx/modules-enabled/50-mod-http-trotline.conf").is_symlink()
    assert (machine / "var/lib/trotline").is_dir() and (machine / "etc/trotline/trotline.toml").exists()
    chroot(machine, "dpkg", "--purge", "trotline")
    assert not (machine / "var/lib/trotline").exists() and not (machine / "etc/trotline/trotline.toml").exists()
