"""The command line, as it is promised: what it prints and the exit codes 0, 1, 2, 3; the commands that ask nothing of a host."""

import base64
import json
import signal
import subprocess

import pytest
from cli import HOOKS, SECRET, said
from harness import BINARY, trotline

BODY = '{"type":"order.created","timestamp":"2026-01-15T10:00:00Z","data":{"id":1042,"total":"19.90","note":"Größe L / 日本"}}'
COMMANDS = ["run", "dispatch", "check", "explain", "guard", "sign", "verify", "keys", "listen", "events", "deliveries", "attempts", "subscriptions", "status"]


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


def test_explain_carries_along_what_exchanges_leave(tmp_path):
    """A job and its result, a record and what it was before: as if they went by in this order."""
    def exchange(name, line, body, status, answer):
        return write_exchange(tmp_path, name, f"{line} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode(),
                              f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())

    path = tmp_path / "dato.toml"
    path.write_text('dialects = ["datocms"]\n')
    item = '{"data":{"type":"item","id":"7","attributes":{"n":%d},"meta":{"status":"draft"}}}'
    upload = '{"data":{"type":"job_result","attributes":{"status":201,"payload":{"data":{"type":"upload","id":"88"}}}}}'
    told = exchange("told", "GET /job-results/j1", "", 200, upload)
    lines = [json.loads(line) for line in said(trotline(
        "explain", "-c", path,
        *exchange("asked", "POST /uploads", "{}", 202, '{"data":{"type":"job","id":"j1"}}'), *told, *told,
        *exchange("one", "PUT /items/7", "{}", 200, item % 1), *exchange("two", "PUT /items/7", "{}", 200, item % 2)), 0).splitlines()]
    assert [[event["topic"] for event in line["events"]] for line in lines] == [[], ["upload.create"], [], ["item.update"], ["item.update"]]
    assert "previous" not in lines[3]["events"][0]
    assert lines[4]["events"][0]["previous"]["attributes"] == {"n": 1}
    why = {hook["hook"]: hook["why"] for hook in lines[1]["hooks"]}
    assert why["upload created"] == "as the result of POST /uploads: matched"
    assert why["job, its result"] == "matched: the result of POST /uploads, status 201"


def test_explain_shows_what_events_take_along(tmp_path):
    """Of a job's result, too: the environment is the one that was asked for the job."""
    path = tmp_path / "dato.toml"
    path.write_text('dialects = ["datocms"]\n[dialect.datocms]\nprimary_environment = "live"\n')
    asked = write_exchange(tmp_path, "asked", b"POST /uploads HTTP/1.1\r\nHost: a\r\nX-Environment: test\r\nContent-Length: 2\r\n\r\n{}",
                           b'HTTP/1.1 202 X\r\nContent-Length: 34\r\n\r\n{"data":{"type":"job","id":"j1"}} ')
    told = b'{"data":{"attributes":{"status":201,"payload":{"data":{"type":"upload","id":"88"}}}}}'
    result = write_exchange(tmp_path, "result", b"GET /job-results/j1 HTTP/1.1\r\nHost: a\r\n\r\n",
                            b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
    item = b'{"data":{"id":"7","type":"item",\n"relationships":{"item_type":{"data":{"type":"item_type","id":"44"}}}}}'
    changed = write_exchange(tmp_path, "changed", b"PUT /items/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
                             b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(item), item))
    lines = [json.loads(line) for line in said(trotline("explain", "-c", path, *asked, *result, *changed), 0).splitlines()]
    assert [event["context"] for event in lines[1]["events"]] == [{"environment": "test", "environment_primary": False}]
    assert [event["context"] for event in lines[2]["events"]] == [
        {"environment": "live", "environment_primary": True, "item_type": {"type": "item_type", "id": "44"}}]


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


def test_explain_is_a_line_an_exchange_whatever_the_body_looks_like(config, tmp_path):
    path = tmp_path / "pretty.har"
    path.write_text(json.dumps({"log": {"entries": [
        {"request": {"method": "POST", "url": "https://shop.example/orders", "headers": []},
         "response": {"status": 201, "headers": [], "content": {"text": '{\r\n\t"id": 7,\n\t"note": "a\\nb"\n}\n'}}}]}}))
    line, = said(trotline("explain", "-c", config, "--har", path), 0).splitlines()
    assert json.loads(line)["events"][0]["payload"] == {"id": 7, "note": "a\nb"}


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


@pytest.mark.parametrize("form", ["standard", "woocommerce", "svix", "stripe", "github", "shopify", "shareactor", "cosmic", "datocms", "cockpit",
                                  "cloudevents", "cloudevents?mode=binary", "plain", "plain?signed={{body}}&signature=v0={{signature}}"])
def test_verify_takes_what_sign_made_and_nothing_else(secret, form):
    lines = said(trotline("sign", "--format", form, "--secret-file", secret, "--topic", "order.created", stdin=BODY), 0).splitlines()
    headers = [word for line in lines for word in ("--header", line)]
    assert said(trotline("verify", "--format", form, "--secret-file", secret, *headers, stdin=BODY), 0) == "verified\n"
    assert said(trotline("verify", "--format", form, "--secret-file", secret, *headers, stdin=BODY + " "), 1).startswith("not verified: ")
    assert said(trotline("verify", "--format", form, "--secret-file", secret, stdin=BODY), 1).startswith("not verified: ")


def test_http_signatures_need_the_url(secret):
    """Each of `sign`, `verify` is told where the delivery goes: what it signs is that, too."""
    sign = ["sign", "--format", "http-signature", "--secret-file", secret]
    assert "--url" in trotline(*sign, stdin=BODY).stderr
    url = "https://receiver.example/hooks?a=1&b=2%20"
    headers = [word for line in said(trotline(*sign, "--url", url, stdin=BODY), 0).splitlines() for word in ("--header", line)]
    verify = ["verify", "--format", "http-signature", "--secret-file", secret, *headers]
    assert said(trotline(*verify, "--url", url, stdin=BODY), 0) == "verified\n"
    for wrong in (["--url", url + "3"], ["--url", url, "--method", "PUT"], []):
        assert said(trotline(*verify, *wrong, stdin=BODY), 1).startswith("not verified: ")


def test_keys_prints_public_halves_only(tmp_path):
    """The pair of the test vectors; `d` would be its private half."""
    (tmp_path / "t.toml").write_text('[[subscription]]\nname = "a"\ntopics = ["*"]\nurl = "https://a.example/"\nsecret = ['
                                     '"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",'
                                     '"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]\n')
    keys = json.loads(said(trotline("keys", "-c", tmp_path / "t.toml"), 0))["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "kid", "use", "alg"}]
    assert keys[0]["x"] == "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4"
    assert "nope.toml" in trotline("keys", "-c", tmp_path / "nope.toml").stderr


def test_verify_judges_the_timestamp(secret):
    lines = said(trotline("sign", "--secret-file", secret, "--timestamp", 1768471200, stdin=BODY), 0).splitlines()
    headers = [word for line in lines for word in ("--header", line)]
    assert said(trotline("verify", "--secret-file", secret, "--timestamp", 1768471200 + 299, *headers, stdin=BODY), 0)
    assert "not verified" in said(trotline("verify", "--secret-file", secret, "--timestamp", 1768471200 + 301, *headers, stdin=BODY), 1)
