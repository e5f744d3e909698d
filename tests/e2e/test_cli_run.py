"""The commands that stay: `trotline run` from options, `trotline dispatch`, `trotline listen`."""

import base64
import json
import os
import subprocess
import time

import pytest
from cli import HOOKS, said
from harness import BINARY, PATIENCE, Sink, Trotline, Upstream, request, response, trotline, wait_until

BODY = '{"type":"order.created","timestamp":"2026-01-15T10:00:00Z","data":{"id":1042,"total":"19.90","note":"Größe L / 日本"}}'


# ---- listen


class Listening:
    """`trotline listen` as a child; .lines are what it printed so far."""

    def __init__(self, folder, *arguments):
        self.out, self.err = folder / "listen.out", folder / "listen.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.child = subprocess.Popen([BINARY, "listen", "--port", "0", *map(str, arguments)], stdout=out, stderr=err)
        wait_until(lambda: "listening on" in self.err.read_text(), 10, lambda: self.err.read_text())
        self.port = int(self.err.read_text().split("listening on http://127.0.0.1:")[1].split()[0])

    def lines(self, count):
        wait_until(lambda: self.out.read_text().count("\n") >= count, 10, lambda: self.out.read_text())
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        assert self.child.wait(10 * PATIENCE) == 0


@pytest.mark.sanitized
def test_listen_verifies(tmp_path, secret):
    signed = said(trotline("sign", "--secret-file", secret, stdin=BODY), 0)
    headers = [tuple(line.split(": ", 1)) for line in signed.splitlines()]
    with Listening(tmp_path, "--secret-file", secret) as receiver:
        assert request(receiver.port, "POST", "/hooks?a=b", BODY.encode(), headers).status == 200
        assert request(receiver.port, "POST", "/", b"\xff\x00", headers).status == 200
        assert request(receiver.port, "GET", "/").status == 200
        assert request(receiver.port, "GET", "/bad path").status == 400
        good, bad, unsigned = receiver.lines(3)
    assert (good["method"], good["path"], good["body"], good["verified"]) == ("POST", "/hooks?a=b", BODY, True)
    assert good["headers"]["webhook-id"].startswith("msg_")
    assert bad["body"] is None and base64.b64decode(bad["body_base64"]) == b"\xff\x00"
    assert bad["verified"] is False and bad["why"] and unsigned["verified"] is False


def test_listen_verifies_what_was_asked(tmp_path, secret):
    """A format that signs method and URL: the receiver knows both."""
    with Listening(tmp_path, "--format", "http-signature", "--secret-file", secret) as receiver:
        signed = said(trotline("sign", "--format", "http-signature", "--url", f"http://127.0.0.1:{receiver.port}/hooks", "--secret-file", secret, stdin=BODY), 0)
        headers = [tuple(line.split(": ", 1)) for line in signed.splitlines()]
        for target in ("/hooks", "/other"):
            assert request(receiver.port, "POST", target, BODY.encode(), headers, host=f"127.0.0.1:{receiver.port}").status == 200
        good, bad = receiver.lines(2)
    assert good["verified"] is True, good["why"]
    assert bad["verified"] is False


@pytest.mark.sanitized
def test_listen_answers_what_it_is_told(tmp_path):
    with Listening(tmp_path, "--status", 503) as receiver:
        reply = request(receiver.port, "POST", "/", b"x")
        assert reply.status == 503
        assert receiver.lines(1)[0]["verified"] is None


# ---- run without a file


def test_run_from_options(tmp_path, secret):
    with Upstream(lambda _: response(201, b'{"id":5}')) as upstream, Sink() as sink:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:@PORT@", "--hook", "order.created=POST /orders",
                     "--deliver-to", sink.url, "--secret-file", secret, "--store", "@STORE@", "--allow", "127.0.0.1/32"]
        with Trotline(args=arguments, directory=tmp_path) as host:
            assert request(host.port, "POST", "/orders", b"{}").status == 201
            delivery = sink.wait(1)[0]
            assert json.loads(delivery.body)["data"] == {"id": 5}
            words = [word for name in ("id", "timestamp", "signature") for word in ("--header", f"webhook-{name}: {delivery.header('webhook-' + name)}")]
            assert said(trotline("verify", "--secret-file", secret, *words, stdin=delivery.body), 0)
        assert "blocked" not in host.logs()


def test_run_says_that_a_private_receiver_is_blocked(tmp_path, secret):
    with Upstream() as upstream, Sink() as sink:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:@PORT@", "--hook", "order.created=POST /orders",
                     "--deliver-to", sink.url, "--secret-file", secret, "--store", "@STORE@"]
        with Trotline(args=arguments, directory=tmp_path) as host:
            assert f"deliveries to {sink.url} are blocked" in host.logs() and "--allow" in host.logs()
            assert request(host.port, "POST", "/orders", b"{}").status == 200
            wait_until(lambda: "blocked" in said(trotline("attempts", "--store", host.store), 0), 20, "an attempt that was blocked")
        assert sink.accepted == 0


def test_run_shows_the_configuration_that_options_mean(tmp_path, secret):
    shown = said(trotline("run", "--upstream", "http://127.0.0.1:8000", "--hook", "order.updated=PUT,PATCH /orders/{id}", "--deliver-to",
                          "https://example.com/hooks", "--secret-file", secret, "--store", tmp_path / "store", "--show"), 0)
    path = tmp_path / "shown.toml"
    path.write_text(shown)
    assert said(trotline("check", "-c", path), 0) == "ok: 1 hook, 1 subscription\n"
    assert 'id = "path:id"' in shown


def test_run_refuses_a_wrong_file_before_it_listens(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[standalone]\nupstraem = "http://127.0.0.1:1"\n')
    done = trotline("run", "-c", path)
    assert said(done, 1) == "" and f"{path}:2:" in done.stderr and "upstream" in done.stderr


def test_dispatch_delivers_what_another_host_records(tmp_path, secret):
    with Upstream(lambda _: response(201, b'{"id":5}')) as upstream, Sink() as sink:
        config = HOOKS + f'[egress]\nallow = ["127.0.0.1/32"]\n[[subscription]]\nname = "x"\ntopics = ["*"]\nurl = "{sink.url}"\nsecret = {{ file = "{secret}" }}\n'
        with Trotline(config, upstream=upstream.url, directory=tmp_path) as host:
            assert request(host.port, "POST", "/orders", b"{}").status == 201
            sink.wait(1)
            child = subprocess.Popen([BINARY, "dispatch", "-c", host.config], stderr=subprocess.PIPE)
            try:
                host.stop()  # the first leader goes: the other one takes over
                started = time.monotonic()
                wait_until(lambda: any(status["counters"]["leader"] for status in status_files(host.store)), 20, "a new leader")
                assert time.monotonic() - started < 20 * PATIENCE
            finally:
                child.terminate()
                assert child.wait(10 * PATIENCE) == 0
                child.stderr.close()


def status_files(store):
    found = []
    for name in os.listdir(store):
        if name.startswith("status-") and name.endswith(".json"):
            try:
                found.append(json.loads((store / name).read_text()))
            except FileNotFoundError:
                pass  # its host has just stopped
    return found
