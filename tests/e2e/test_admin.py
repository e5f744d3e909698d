"""The admin API of a running host: who may ask, what is answered, and that wrong questions get answers that say what would be right."""

import json
import socket

import pytest
from harness import Client, Sink, Trotline, Upstream, free_port, request, response, toml, trotline, wait_until

TOKEN = "0123456789abcdef0123456789abcdef"
LISTS = ["events", "deliveries", "attempts", "subscriptions"]
HOOK = '\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'

pytestmark = pytest.mark.sanitized


def ask(port, target, token=TOKEN, method="GET", body=None, headers=()):
    """One question; the answer to it, not the one that others' wrong tokens brought about."""
    bearer = [] if token is None else [("Authorization", f"Bearer {token}")]

    def answered():
        reply = request(port, method, target, body, [*bearer, *headers], host="admin")
        return reply if reply.status != 429 else None
    return wait_until(answered, 10, "an answer other than 429")


def objects(reply):
    assert reply.status == 200 and reply.header("content-type") == "application/x-ndjson", reply
    return [json.loads(line) for line in reply.body.splitlines()]


def error(reply, status):
    assert reply.status == status and reply.header("content-type") == "application/json" and reply.header("cache-control") == "no-store"
    return json.loads(reply.body)["error"]


def shape(reply):
    """All of an answer but the time."""
    return (reply.status, reply.reason, [(name, value) for name, value in reply.headers if name != "Date"], reply.body)


def admin_config(folder, listen, more=""):
    (folder / "token").write_text(TOKEN + "\n")
    return f"[admin]\nlisten = {toml(listen)}\ntoken_file = {toml(folder / 'token')}\n" + more + HOOK


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host with an admin listener (.admin is its port) that has recorded and delivered five orders."""
    folder = tmp_path_factory.mktemp("admin")
    numbers = iter(range(1, 100))
    with Upstream(lambda _: response(201, json.dumps({"id": next(numbers)}))) as upstream, Sink() as sink:
        (folder / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        port = free_port()
        config = admin_config(folder, f"127.0.0.1:{port}", f"""
[egress]
allow = ["127.0.0.1/32"]
[[subscription]]
name = "all"
topics = ["order.*"]
url = {toml(sink.url)}
secret = {{ file = {toml(folder / "secret")} }}
""")
        with Trotline(config, upstream=upstream.url) as running:
            running.admin = port
            for _ in range(5):
                assert request(running.port, "POST", "/orders", b"{}").status == 201
            sink.wait(5)
            wait_until(lambda: len(objects(ask(port, "/deliveries?state=delivered"))) == 5, 20, "five deliveries that ended")
            yield running


# ---- who may ask


def test_health_needs_no_token(host):
    for token in (None, TOKEN, "wrong"):
        reply = request(host.admin, "GET", "/healthz", headers=[] if token is None else [("Authorization", f"Bearer {token}")])
        assert (reply.status, reply.reason, reply.body) == (200, "OK", b"ok\n") and reply.header("date")


@pytest.mark.parametrize("target", ["/status", "/metrics", *(f"/{name}" for name in LISTS), "/", "/no/such/page", "/status?x=1", "/../healthz"])
def test_without_a_token_every_page_gives_the_same_answer(host, target):
    known = ask(host.admin, "/status", token=None)
    assert known.status == 401 and known.header("www-authenticate") == 'Bearer realm="trotline"' and "token" in error(known, 401)
    assert shape(ask(host.admin, target, token=None)) == shape(known)
    for method in ("POST", "DELETE", "OPTIONS", "PROPFIND"):
        assert shape(ask(host.admin, target, None, method)) == shape(known)


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN[:-1]}g", f"Bearer {TOKEN} x",
                                   f"Bearer  {TOKEN}", f"Basic {TOKEN}", TOKEN, f"Bearer{TOKEN}", f"Bearer {TOKEN.upper()}", "Bearer " + "x" * 8000])
def test_a_wrong_token_gets_the_answer_that_none_gets(host, value):
    none = ask(host.admin, "/events", token=None)
    wrong = ask(host.admin, "/events", token=None, headers=[("Authorization", value)])
    assert shape(wrong) == shape(none) and wrong.status == 401
    assert ask(host.admin, "/events", token=None, headers=[("Authorization", f"bearer {TOKEN}")]).status == 200


def test_too_many_wrong_tokens_are_429_for_all_until_a_second_has_passed(host):
    tries = 40
    wrong = b"GET /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wrong\r\n\r\n"
    right = b"GET /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n"
    with Client(host.admin) as client:
        client.send(wrong * tries + right)
        replies = [client.reply() for _ in range(tries + 1)]
    statuses = [reply.status for reply in replies]
    assert set(statuses[:-1]) == {401, 429} and statuses[-1] == 429, statuses
    assert statuses.count(401) <= 5 * 2, statuses  # five a second; the forty may meet the end of a second
    refused = replies[-1]
    assert refused.header("retry-after") == "1" and error(refused, 429)
    assert all(shape(reply) == shape(refused) for reply in replies if reply.status == 429)
    assert request(host.admin, "GET", "/healthz").status == 200
    wait_until(lambda: request(host.admin, "GET", "/status", headers=[("Authorization", f"Bearer {TOKEN}")]).status == 200, 5, "an answer to the right token")


def test_no_answer_and_no_log_holds_the_token(host):
    replies = [ask(host.admin, f"/{name}") for name in (*LISTS, "status", "metrics", "none")]
    assert all(reply.status in (200, 404) for reply in replies)
    assert TOKEN.encode() not in b"".join(reply.raw for reply in replies) and TOKEN not in host.logs()


@pytest.mark.parametrize("admin, why", [('listen = "127.0.0.1:1"', "without a token"), ('listen = "127.0.0.1:1"\ntoken_file = "@DIR@/none"', "none"),
                                        ('listen = "127.0.0.1:1"\ntoken_file = "@DIR@/short"', "shorter than 16 bytes"),
                                        ('listen = "127.0.0.1:1"\ntoken_file = "@DIR@/empty"', "empty")])
def test_a_host_does_not_start_with_an_admin_listener_and_no_proper_token(tmp_path, admin, why):
    (tmp_path / "short").write_text("0123456789abcde\n")
    (tmp_path / "empty").write_text("\n")
    host = Trotline(f"[admin]\n{admin}\n{HOOK}", upstream="http://127.0.0.1:1", directory=tmp_path)
    done = trotline("run", "-c", host.config)
    assert done.returncode == 1 and why in done.stderr and f"{host.config}:" in done.stderr, done.stderr


def test_a_token_without_listen_opens_nothing(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with Upstream() as upstream, Trotline(f'[admin]\ntoken_file = "@DIR@/token"\n{HOOK}', upstream=upstream.url, directory=tmp_path) as host:
        assert request(host.port, "GET", "/status", headers=[("Authorization", f"Bearer {TOKEN}")]).body == b"ok"  # the upstream's: the front has no admin pages
        assert "admin" not in host.logs()


def test_a_reload_takes_the_new_token_and_forgets_the_old_one(tmp_path):
    port, fresh = free_port(), "fedcba9876543210fedcba9876543210"
    with Upstream() as upstream, Trotline(admin_config(tmp_path, f"127.0.0.1:{port}"), upstream=upstream.url, directory=tmp_path) as host:
        wait_until(lambda: "admin listening on" in host.logs(), 15, host.logs)
        assert ask(port, "/status").status == 200
        (tmp_path / "token").write_text(fresh)
        assert ask(port, "/status").status == 200
        host.reload()
        wait_until(lambda: "configuration reloaded" in host.logs(), 10, host.logs)
        assert ask(port, "/status").status == 401 and ask(port, "/status", fresh).status == 200


def test_listens_on_a_unix_socket(tmp_path):
    path = str(tmp_path / "admin.sock")
    with Upstream() as upstream, Trotline(admin_config(tmp_path, f"unix:{path}"), upstream=upstream.url, directory=tmp_path) as host:
        wait_until(lambda: "admin listening on" in host.logs(), 15, host.logs)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(f"GET /status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while more := connection.recv(4096):
                answer += more
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


# ---- what is answered


def test_status_and_metrics_tell_the_same_numbers(host):
    status = json.loads(ask(host.admin, "/status").body)
    assert status["pid"] == host.pid and status["store"] == "ok" and status["counters"]["recorded"] == 5
    metrics = ask(host.admin, "/metrics")
    assert metrics.header("content-type").startswith("text/plain; version=0.0.4")
    lines = metrics.body.decode().splitlines()
    assert "trotline_recorded_total 5" in lines and "trotline_store_healthy 1" in lines
    named = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert {line.split()[0].partition("{")[0] for line in lines if not line.startswith("#")} == named


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_what_the_command_prints(host, name):
    printed = [json.loads(line) for line in trotline(name, "--json", "--store", host.store).stdout.splitlines()]
    assert objects(ask(host.admin, f"/{name}")) == printed and len(printed) == (1 if name == "subscriptions" else 5)


@pytest.mark.parametrize("size", [1, 2, 5, 7])
@pytest.mark.parametrize("name", ["events", "deliveries"])
def test_pages_join_to_the_whole_list(host, name, size):
    whole = objects(ask(host.admin, f"/{name}?oldest_first=true"))
    pages, after = [], ""
    while page := objects(ask(host.admin, f"/{name}?oldest_first=true&limit={size}{after}")):
        assert len(page) <= size
        pages += page
        after = "&after=" + page[-1]["id"]
    assert pages == whole and len(whole) == 5
    assert objects(ask(host.admin, f"/{name}?oldest_first=false&limit={size}")) == whole[::-1][:size]


def test_filters_narrow_a_list(host):
    newest = objects(ask(host.admin, "/events?limit=1"))[0]
    assert newest["resource_id"] == "5"
    assert len(objects(ask(host.admin, "/events?topic=order.%2A"))) == 5 and objects(ask(host.admin, "/events?topic=invoice.*")) == []
    assert len(objects(ask(host.admin, "/deliveries?subscription=all&state=delivered"))) == 5
    assert objects(ask(host.admin, "/deliveries?state=dead")) == [] == objects(ask(host.admin, "/deliveries?subscription=nobody"))
    delivery, = objects(ask(host.admin, f"/deliveries?event={newest['id']}"))
    attempt, = objects(ask(host.admin, f"/attempts?delivery={delivery['id']}"))
    assert attempt["status"] == 200 and objects(ask(host.admin, f"/attempts?event={newest['id']}")) == [attempt]


@pytest.mark.parametrize("target, word", [
    ("/events?limit=0", "1 to 10000"), ("/events?limit=-1", "1 to 10000"), ("/events?limit=abc", "1 to 10000"), ("/events?limit=", "1 to 10000"),
    ("/events?limit=10001", "1 to 10000"), ("/events?limit=1e3", "1 to 10000"), ("/events?limit=99999999999999999999", "1 to 10000"),
    ("/events?limit=1&limit=2", "limit"), ("/events?oldest_first=yes", "true or false"), ("/events?oldest_first", "true or false"),
    ("/events?after=nonsense", "evt_"), ("/events?after=evt_", "evt_"), ("/deliveries?after=evt_0000000000000", "dlv_"), ("/deliveries?event=7", "evt_"),
    ("/deliveries?state=finished", "pending, delivered, dead, cancelled"), ("/events?tpoic=order.*", "topic"), ("/events?=1", "topic"),
    ("/attempts?topic=order.*", "delivery"), ("/subscriptions?limit=1", "none"), ("/events?topic=a%00b", "JSON"), ("/events?%ff=%fe", "topic"),
    ("/events?topic=%22%7D%5D", None), ("/events?topic=%F0%9F%98%80'--", None),
])
def test_a_wrong_parameter_is_400_and_says_what_would_be_right(host, target, word):
    reply = ask(host.admin, target)
    if word is None:  # strange, but a topic like any other
        assert objects(reply) == []
    else:
        assert word in error(reply, 400)


def test_an_unknown_page_is_404_and_names_those_there_are(host):
    for target in ("/", "/nothing", "/status/", "/events/evt_1", "//status", "/%73tatus", "/STATUS"):
        assert "/deliveries" in error(ask(host.admin, target), 404), target


@pytest.mark.parametrize("target", ["/status", "/metrics", "/events", "/healthz", "/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_405_and_changes_nothing(host, target, method):
    reply = ask(host.admin, target, method=method, body=b'{"x":1}')
    assert error(reply, 405) and reply.header("allow") == "GET, HEAD"


def test_head_is_the_head_of_get(host):
    with Client(host.admin) as client:
        for target in ("/healthz", "/events", "/nothing", "/events?limit=0"):
            got = ask(host.admin, target)
            client.send(f"HEAD {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
            head = client.reply("HEAD")
            assert (head.status, head.header("content-length")) == (got.status, str(len(got.body)))


def test_a_body_beyond_one_mebibyte_is_413_before_it_is_read(host):
    with Client(host.admin) as client:
        client.send(b"GET /status HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n")
        assert client.reply().status == 413 and client.closed()
