"""The command line, as DESIGN 12 promises it: what it prints and the exit codes 0, 1, 2, 3."""

import base64
import json
import os
import signal
import subprocess
import time

import pytest
from harness import BINARY, PATIENCE, Sink, Trotline, Upstream, request, response, toml, trotline, wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"order.created","timestamp":"2026-01-15T10:00:00Z","data":{"id":1042,"total":"19.90","note":"Größe L / 日本"}}'
COMMANDS = ["run", "dispatch", "check", "explain", "guard", "sign", "verify", "listen", "events", "deliveries", "attempts", "subscriptions", "status"]
HOOKS = """
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"

[[hook]]
topic = "order.paid"
match = "POST /orders/{id}/pay"
when = { "response:/state" = "paid" }
id = "path:id"
"""


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return path


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "trotline.toml"
    path.write_text(f'[store]\nurl = "sqlite:{tmp_path}/store"\n[standalone]\nupstream = "http://127.0.0.1:1"\n' + HOOKS)
    return path


def said(done, code):
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# ---- words and exit codes


def test_help_on_every_level():
    whole = said(trotline("--help"), 0)
    for command in COMMANDS:
        assert f"  {command} " in whole
        assert f"trotline {command}" in said(trotline(command, "--help"), 0)
    assert said(trotline("--version"), 0).startswith("trotline 0.")


@pytest.mark.parametrize("arguments, words", [
    ([], "a command is needed"),
    (["chekc"], "unknown command 'chekc', did you mean 'check'?"),
    (["events", "--tpoic", "x"], "unknown option --tpoic, did you mean '--topic'?; see trotline events --help"),
    (["guard", "--cofnig=x", "http://a"], "unknown option --cofnig, did you mean '--config'?"),
    (["guard"], "a URL or an address is needed"),
    (["check", "extra"], "unexpected argument 'extra'"),
    (["check", "--", "extra"], "unexpected argument 'extra'"),
    (["events", "--limit", "0"], "--limit"),
    (["deliveries", "--state", "lost"], "--state"),
    (["explain", "--exchange", "one"], "--exchange"),
    (["run", "--upstream", "http://127.0.0.1:1"], "--dialect NAME, or --hook"),
    (["run", "--upstream", "http://127.0.0.1:1", "--hook", "order.created"], "TOPIC=METHOD PATH"),
    (["run", "--upstream", "http://127.0.0.1:1", "--hook", "a=POST /a", "--deliver-to", "http://127.0.0.1:2"], "needs --secret-file"),
    (["run", "-c", "x.toml", "--upstream", "http://127.0.0.1:1"], "not both"),
    (["sign", "--secret-file", "/nonexistent"], "cannot read /nonexistent"),
    (["verify", "--secret-file", "SECRET", "--header", "no colon"], "'NAME: VALUE'"),
    (["sign", "--secret-file", "SECRET", "--format", "carrier-pigeon"], "carrier-pigeon"),
    (["listen", "--port", "0", "--bind", "nowhere"], "--bind nowhere"),
    (["listen", "--port", "70000"], "--port"),
])
def test_bad_usage_is_2_and_says_what_would_be_right(secret, arguments, words):
    done = trotline(*[str(secret) if word == "SECRET" else word for word in arguments], stdin="")
    assert said(done, 2) == ""
    assert done.stderr.startswith("trotline: ") and words in done.stderr


def test_an_unreachable_store_is_3(tmp_path):
    for command in ("events", "deliveries", "attempts", "subscriptions", "status"):
        done = trotline(command, "--store", tmp_path / "none")
        assert said(done, 3) == ""
        assert str(tmp_path / "none") in done.stderr


def test_an_answer_that_cannot_be_written_is_3():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "guard", "192.0.2.1"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3 and "No space left" in done.stderr


def test_a_reader_that_leaves_is_no_error_message():
    child = subprocess.Popen([BINARY, "guard", *["10.0.0.1"] * 20000], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline().startswith(b"block")
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() in (-signal.SIGPIPE, 0, 1)


# ---- check, guard


def test_check_counts(config):
    assert said(trotline("check", "-c", config), 0).splitlines()[-1] == "ok: 2 hooks, 0 subscriptions"


def test_check_names_every_mistake(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[store]\nurl = "sqlite:/tmp/x"\nguarante = "hold"\n[[hook]]\ntopic = "a b"\nmatch = "POST orders"\n')
    lines = said(trotline("check", "-c", path), 1).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines), lines
    assert any(":3:" in line and "guarantee" in line for line in lines), lines
    assert any(":5:" in line for line in lines) and any(":6:" in line for line in lines), lines


def test_check_of_a_file_that_is_not_there():
    assert said(trotline("check", "-c", "/nonexistent/x.toml"), 1).startswith("/nonexistent/x.toml: ")


def test_check_warns_beside_the_answer(tmp_path):
    path = tmp_path / "literal.toml"
    path.write_text(HOOKS + f'[[subscription]]\nname = "x"\ntopics = ["*"]\nurl = "https://example.com/"\nsecret = "{SECRET}"\n')
    done = trotline("check", "-c", path)
    assert said(done, 0) == "ok: 2 hooks, 1 subscription\n"
    assert "warning: " in done.stderr and SECRET not in done.stderr


def test_guard(tmp_path):
    done = trotline("guard", "93.184.216.34", "http://127.0.0.1:9000/", "[::1]", "", "ftp://example.com/", "169.254.169.254")
    lines = said(done, 1).splitlines()
    assert lines[0] == "allow"
    assert len(lines) == 6 and all(line.startswith("block: ") and len(line) > 8 for line in lines[1:]), lines
    assert said(trotline("guard", "--", "-x"), 1).startswith("block: ")
    assert said(trotline("guard", "93.184.216.34"), 0) == "allow\n"
    path = tmp_path / "allow.toml"
    path.write_text('[egress]\nallow = ["127.0.0.1/32"]\n' + HOOKS)
    assert said(trotline("guard", "-c", path, "http://127.0.0.1:9000/"), 0) == "allow\n"


# ---- explain


def write_exchange(folder, name, req, res):
    (folder / f"{name}.req").write_bytes(req)
    (folder / f"{name}.res").write_bytes(res)
    return ["--exchange", str(folder / f"{name}.req"), str(folder / f"{name}.res")]


def test_explain_raw_messages_in_order(config, tmp_path):
    made = write_exchange(tmp_path, "made", b"POST /orders?x=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                          b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n4\r\n: 7}\r\n0\r\n\r\n")
    unpaid = write_exchange(tmp_path, "unpaid", b"POST /orders/7/pay HTTP/1.1\r\nHost: a\r\n\r\n",
                            b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"state\":\"open\"}")
    failed = write_exchange(tmp_path, "failed", b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.0 500 No\r\n\r\nsorry")
    lines = [json.loads(line) for line in said(trotline("explain", "-c", config, *made, *unpaid, *failed), 0).splitlines()]
    assert [sorted(line) for line in lines] == [["events", "hooks", "method", "status", "url"]] * 3
    assert (lines[0]["method"], lines[0]["url"], lines[0]["status"]) == ("POST", "/orders?x=1", 201)
    assert lines[0]["events"] == [{"topic": "order.created", "resource": "order", "action": "created", "resource_id": "7", "payload": {"id": 7}}]
    assert [(hook["hook"], hook["matched"]) for hook in lines[0]["hooks"]] == [("order.created", True), ("order.paid", False)]
    assert lines[1]["events"] == [] and "open" in next(hook["why"] for hook in lines[1]["hooks"] if hook["hook"] == "order.paid")
    assert lines[2]["events"] == [] and lines[2]["status"] == 500


def test_explain_har(config, tmp_path):
    def entry(method, url, status, body, **more):
        return {"request": {"method": method, "url": url, "headers": [{"name": ":authority", "value": "a"}]},
                "response": {"status": status, "headers": [{"name": "content-encoding", "value": "br"}], "content": {"text": body, **more}}}
    path = tmp_path / "browser.har"
    path.write_text(json.dumps({"log": {"entries": [
        entry("POST", "https://shop.example/orders", 201, '{"id":"a1"}'),
        entry("POST", "https://shop.example/orders/9/pay?x=1#top", 200, base64.b64encode(b'{"state":"paid"}').decode(), encoding="base64"),
        entry("GET", "https://shop.example", 200, "<html>"),
    ]}}))
    lines = [json.loads(line) for line in said(trotline("explain", "-c", config, "--har", path), 0).splitlines()]
    assert [[event["topic"] + "/" + event["resource_id"] for event in line["events"]] for line in lines] == [["order.created/a1"], ["order.paid/9"], []]
    assert [line["url"] for line in lines] == ["/orders", "/orders/9/pay?x=1", "/"]


@pytest.mark.parametrize("req", [b"", b"POST /orders HTTP/1.1\r\nHost: a\r\n", b"POST /orders HTTP/1.1\nHost: a\n\n",
                                 b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_explain_refuses_what_the_proxy_would_refuse(config, tmp_path, req):
    done = trotline("explain", "-c", config, *write_exchange(tmp_path, "x", req, b"HTTP/1.1 200 OK\r\n\r\n"))
    assert said(done, 2) == "" and "x.req: " in done.stderr


# ---- signatures


def test_sign_is_the_known_answer(secret):
    out = said(trotline("sign", "--secret-file", secret, "--id", "msg_01JHKX4Q3T9V6S2M8N0P5R7W1Y", "--timestamp", 1768471200, stdin=BODY), 0)
    headers = dict(line.split(": ", 1) for line in out.splitlines())
    assert headers["webhook-signature"] == "v1,n49KNiM/+2zjAMeVGMFPRTkEgGyR7ildN4/jATKuLkg="
    assert headers["webhook-timestamp"] == "1768471200"


@pytest.mark.parametrize("form", ["standard", "woocommerce"])
def test_verify_takes_what_sign_made_and_nothing_else(secret, form):
    lines = said(trotline("sign", "--format", form, "--secret-file", secret, "--topic", "order.created", stdin=BODY), 0).splitlines()
    headers = [word for line in lines for word in ("--header", line)]
    assert said(trotline("verify", "--format", form, "--secret-file", secret, *headers, stdin=BODY), 0) == "verified\n"
    assert said(trotline("verify", "--format", form, "--secret-file", secret, *headers, stdin=BODY + " "), 1).startswith("not verified: ")
    assert said(trotline("verify", "--format", form, "--secret-file", secret, stdin=BODY), 1).startswith("not verified: ")


def test_verify_judges_the_timestamp(secret):
    lines = said(trotline("sign", "--secret-file", secret, "--timestamp", 1768471200, stdin=BODY), 0).splitlines()
    headers = [word for line in lines for word in ("--header", line)]
    assert said(trotline("verify", "--secret-file", secret, "--timestamp", 1768471200 + 299, *headers, stdin=BODY), 0)
    assert "not verified" in said(trotline("verify", "--secret-file", secret, "--timestamp", 1768471200 + 301, *headers, stdin=BODY), 1)


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


@pytest.mark.sanitized
def test_listen_answers_what_it_is_told(tmp_path):
    with Listening(tmp_path, "--status", 503) as receiver:
        reply = request(receiver.port, "POST", "/", b"x")
        assert reply.status == 503
        assert receiver.lines(1)[0]["verified"] is None


# ---- the whole line, and the lists


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A host that has recorded and delivered two orders; one more waits for a receiver that says no."""
    folder = tmp_path_factory.mktemp("line")
    (folder / "secret").write_text(SECRET)
    numbers = iter(range(1, 100))

    def answer(asked):
        return response(201, json.dumps({"id": next(numbers)}), {"Content-Type": "application/json"}) if asked.method == "POST" else response(200)
    with Upstream(answer) as upstream, Sink() as sink, Sink([503]) as sick:
        config = f"""
[egress]
allow = ["127.0.0.1/32"]
{HOOKS}
[[subscription]]
name = "well"
topics = ["order.*"]
url = {toml(sink.url)}
secret = {{ file = {toml(folder / "secret")} }}
[[subscription]]
name = "sick"
topics = ["order.created"]
url = {toml(sick.url)}
secret = {{ file = {toml(folder / "secret")} }}
"""
        with Trotline(config, upstream=upstream.url) as host:
            for _ in range(2):
                assert request(host.port, "POST", "/orders", b"{}").status == 201
            sink.wait(2)
            sick.wait(2)
            wait_until(lambda: len(listed(host, "attempts")) >= 4, 20, "attempts in the store")
            yield host


def listed(host, *arguments):
    return [json.loads(text) for text in said(trotline(*arguments, "--json", "--store", host.store), 0).splitlines()]


def test_events(line):
    newest, oldest = listed(line, "events")
    assert (newest["resource_id"], oldest["resource_id"], newest["topic"]) == ("2", "1", "order.created")
    assert listed(line, "events", "--oldest-first", "--limit", "1") == [oldest]
    assert listed(line, "events", "--after", oldest["id"]) == [newest]
    assert listed(line, "events", "--topic", "invoice.*") == []
    assert listed(line, "events", newest["id"])[0]["payload"] == {"id": 2}
    table = said(trotline("events", "-c", line.config), 0).splitlines()
    assert table[0].split()[:3] == ["EVENT", "AT", "TOPIC"] and len(table) == 3 and newest["id"] in table[1]
    assert "order.created" in said(trotline("events", newest["id"], "--store", line.store), 0)
    assert trotline("events", "evt_0000000000000", "--store", line.store).returncode == 1
    assert trotline("events", "nonsense", "--store", line.store).returncode == 2


def test_deliveries_and_attempts(line):
    done = listed(line, "deliveries", "--state", "delivered")
    assert [delivery["subscription"] for delivery in done] == ["well", "well"] and done[0]["attempts"] == 1
    waiting = listed(line, "deliveries", "--subscription", "sick")
    assert {delivery["state"] for delivery in waiting} == {"pending"}
    assert len(listed(line, "deliveries", "--event", done[0]["event"])) == 2
    tries = listed(line, "attempts", "--delivery", waiting[0]["id"])
    assert tries and {attempt["status"] for attempt in tries} == {503}
    assert said(trotline("deliveries", "--store", line.store), 0).splitlines()[0].startswith("DELIVERY")
    assert "503" in said(trotline("attempts", "--store", line.store), 0)


def test_subscriptions(line):
    rows = {row["name"]: row for row in listed(line, "subscriptions")}
    assert rows["well"]["delivered"] == 2 and rows["sick"]["pending"] == 2
    assert "well" in said(trotline("subscriptions", "--store", line.store), 0)


def test_follow_goes_on_with_what_comes(line, tmp_path):
    out = tmp_path / "follow.jsonl"
    with out.open("wb") as file:
        child = subprocess.Popen([BINARY, "events", "--follow", "--json", "--limit", "1", "--store", line.store], stdout=file)
    try:
        wait_until(lambda: out.read_text().count("\n") >= 1, 10, "the newest event")
        before = json.loads(out.read_text().splitlines()[-1])
        assert request(line.port, "POST", "/orders", b"{}").status == 201
        wait_until(lambda: out.read_text().count("\n") >= 2, 10, "the event that came")
        after = json.loads(out.read_text().splitlines()[-1])
        assert int(after["resource_id"]) == int(before["resource_id"]) + 1
    finally:
        child.terminate()
        child.wait()


def test_status(line):
    def healthy():
        done = trotline("status", "--json", "--store", line.store)
        return done.returncode == 0 and json.loads(done.stdout)
    picture = wait_until(healthy, 15, "a host that says it is well")
    assert picture["troubles"] == [] and picture["store"]["events"] >= 2
    assert [host["pid"] for host in picture["hosts"]] == [line.pid]
    assert {row["name"] for row in picture["subscriptions"]} == {"well", "sick"}
    screen = said(trotline("status", "-c", line.config), 0)
    assert "standalone" in screen and "leader" in screen and screen.endswith("all is well\n")


def test_status_of_a_store_without_a_host_is_1(tmp_path):
    with Upstream() as upstream, Trotline(HOOKS, upstream=upstream.url, directory=tmp_path) as host:
        assert request(host.port, "GET", "/").status == 200
        assert host.stop() == 0
        done = trotline("status", "--store", host.store)
        assert "no host runs" in said(done, 1)


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
