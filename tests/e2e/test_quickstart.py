"""examples/quickstart/run, as a new user runs it; the build under test stands in for the build it would make."""

import os
import signal
import socket
import subprocess

import pytest
from harness import BINARY, PATIENCE, ROOT, Upstream, request, response, wait_until

RUN = ROOT / "examples" / "quickstart" / "run"


@pytest.fixture
def env(tmp_path):
    return dict(os.environ, TROTLINE=str(BINARY), TMPDIR=str(tmp_path), UPSTREAM="", PORT="")


def left_behind(folder):
    """Processes whose command line names the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if str(folder).encode() in line.read():
                    found.append(pid)
        except OSError:
            pass  # it ended while we looked
    return found


def test_once_is_0_after_a_verified_delivery(env, tmp_path):
    done = subprocess.run([RUN, "--once"], env=env, capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: true" in done.stdout and '"order.created"' in done.stdout
    assert left_behind(tmp_path) == [] and os.listdir(tmp_path) == []


def test_it_stays_up_until_it_is_ended(env, tmp_path):
    out = tmp_path / "out"
    with out.open("wb") as file:
        child = subprocess.Popen([RUN], env=env, stdout=file, stderr=file, start_new_session=True)
    try:
        wait_until(lambda: "Ctrl-C ends everything" in out.read_text(), 90, lambda: out.read_text())
        port = int(out.read_text().split("Trotline          http://127.0.0.1:")[1].split()[0])
        assert request(port, "POST", "/api/orders/1042/pay", b"{}").status == 200
        wait_until(lambda: '"order.paid"' in out.read_text(), 20, lambda: out.read_text())
        assert request(port, "POST", "/api/orders", b'{"product": 99, "customer": "Ada"}').status == 404
    finally:
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does it
    assert child.wait(20 * PATIENCE) == 0, out.read_text()
    assert out.read_text().count("verified: true") == 2
    wait_until(lambda: left_behind(tmp_path / "trotline-quickstart") == [], 10, "an end of all its processes")


def test_your_own_application(env, tmp_path):
    out = tmp_path / "out"
    with Upstream(lambda asked: response(201, b'{"made":true}', {"Content-Type": "application/json"})) as upstream:
        with out.open("wb") as file:
            child = subprocess.Popen([RUN, "--once"], env=dict(env, UPSTREAM=upstream.url), stdout=file, stderr=file)
        try:
            wait_until(lambda: "now change something" in out.read_text(), 90, lambda: out.read_text())
            port = int(out.read_text().split("Trotline          http://127.0.0.1:")[1].split()[0])
            assert request(port, "POST", "/things/new", b"{}").status == 201
            assert child.wait(60 * PATIENCE) == 0, out.read_text()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
    assert '"resource.created"' in out.read_text() and "verified: true" in out.read_text()


def test_a_failure_says_why_and_is_not_0(env, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([RUN, "--once"], env=dict(env, PORT=port), capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    assert done.returncode == 1
    assert "Trotline did not start" in done.stderr and "trotline.log" in done.stderr and port in done.stderr
    assert left_behind(tmp_path) == []


def test_unknown_option(env):
    done = subprocess.run([RUN, "--twice"], env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "--once" in done.stderr
