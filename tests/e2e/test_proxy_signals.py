"""Signals: HUP reloads, USR1 reopens the logs, QUIT drains, TERM stops in time."""

import signal
import socket
import threading
import time

import pytest

from harness import Client, Upstream, can_connect, end_at, free_port, request, response, wait_until
from proxy import access, proxy


def edit(host, old, new):
    text = host.config.read_text(encoding="utf-8")
    assert old in text
    host.config.write_text(text.replace(old, new), encoding="utf-8")


def reload(host):
    count = host.logs().count("reload")
    host.reload()
    wait_until(lambda: host.logs().count("reload") > count, what="the reload's line")


def test_reload_takes_new_rules_and_keeps_connections():
    with Upstream(lambda _: response(201, b"{}")) as upstream, proxy(upstream) as host, Client(host.port) as client:
        def post(path):
            client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
            assert client.reply("POST").status == 201
        post("/orders")
        edit(host, "* /orders", "* /orders2")
        reload(host)
        post("/orders")
        wait_until(lambda: len(access(host)) == 2, what="two lines")
        assert [line["hold"] == "-" for line in access(host)] == [False, True]
        assert upstream.accepted == 1


def test_a_wrong_file_keeps_the_old_plan():
    with Upstream() as upstream, proxy(upstream) as host:
        host.config.write_text(host.config.read_text(encoding="utf-8") + "\nlisten = nonsense [\n", encoding="utf-8")
        reload(host)
        assert "stays in force" in host.logs()
        assert request(host.port, "POST", "/orders", b"").status == 200


def test_reload_changes_upstream_and_listeners():
    with Upstream(lambda _: response(200, b"old")) as old, Upstream(lambda _: response(200, b"new")) as new, proxy(old) as host:
        port = free_port()
        with Client(host.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().body == b"old"
            edit(host, old.url, new.url)
            edit(host, f"127.0.0.1:{host.port}", f"127.0.0.1:{port}")
            reload(host)
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply().body == b"new"
        assert request(port, "GET", "/").body == b"new"
        assert not can_connect(host.port)
        # An address that is taken: nothing changes.
        edit(host, f"127.0.0.1:{port}", f"127.0.0.1:{old.port}")
        edit(host, new.url, old.url)
        reload(host)
        assert "cannot listen" in host.logs()
        assert request(port, "GET", "/").body == b"new"


def test_reload_under_load():
    """HUP every 0.1 s: no failed request, and each change recorded."""
    with Upstream(lambda got: response(201, got.body)) as upstream, proxy(upstream) as host:
        stop = threading.Event()
        failed = []
        done = [0] * 8

        def work(n):
            try:
                with Client(host.port) as client:
                    while not stop.is_set():
                        body = b"%d-%d" % (n, done[n])
                        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                        reply = client.reply("POST")
                        if reply is None or reply.status != 201 or reply.body != body:
                            failed.append(reply)
                            return
                        done[n] += 1
            except OSError as error:
                failed.append(error)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(done))]
        for thread in threads:
            thread.start()
        for _ in range(30):
            time.sleep(0.1)  # the pace of the signals, which is the test
            host.reload()
        stop.set()
        for thread in threads:
            thread.join()
        assert not failed and sum(done) > 50
        wait_until(lambda: sum(line["events"] != "-" for line in access(host)) == sum(done), what="a recorded event for each")


def test_usr1_reopens_logs():
    with Upstream() as upstream, proxy(upstream) as host:
        request(host.port, "GET", "/before")
        wait_until(lambda: len(access(host)) == 1, what="the first line")
        log = host.dir / "access.log"
        log.rename(host.dir / "access.log.1")
        host.signal(signal.SIGUSR1)
        wait_until(log.exists, what="the new log")
        request(host.port, "GET", "/after")
        wait_until(lambda: [line["request"] for line in access(host)] == ["GET /after HTTP/1.1"], what="the second line")


def test_quit_drains():
    draining = threading.Event()

    def answer(_):
        assert draining.wait(20)
        return response(201, b"{}")

    with Upstream(answer) as upstream, proxy(upstream) as host:
        with Client(host.port) as client, Client(host.port) as idle:
            client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            wait_until(lambda: upstream.requests, what="the request")
            assert can_connect(host.port)
            host.signal(signal.SIGQUIT)
            wait_until(lambda: not can_connect(host.port), what="the listener's end")
            assert idle.closed(3)
            draining.set()
            reply = client.reply("POST")
            assert reply.status == 201 and reply.header("connection") == "close"
        assert host.wait(5) == 0
        assert access(host)[0]["events"] != "-"


def test_quit_ends_at_its_deadline():
    with Upstream(serve=lambda _, connection, stream: stream.fill() and stream.fill()) as upstream, proxy(upstream, drain_timeout="500ms") as host, \
            Client(host.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: upstream.accepted, what="the request")
        host.signal(signal.SIGQUIT)
        assert host.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term_stops_in_time(number):
    with Upstream(serve=lambda _, connection, stream: stream.fill() and stream.fill()) as upstream, proxy(upstream) as host, \
            Client(host.port) as client, Client(host.port):
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: upstream.accepted, what="the request")
        began = time.monotonic()
        host.signal(number)
        assert host.wait(5) == 0 and time.monotonic() - began < 3


def test_term_in_the_middle_of_an_answer_records_it():
    sent = []  # the host's port of the connection

    def serve(_, connection, stream):
        stream.request()
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")
        sent.append(connection.getpeername()[1])
        stream.fill()

    with Upstream(serve=serve) as upstream, proxy(upstream) as host, Client(host.port) as client:
        client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        wait_until(lambda: sent and end_at(sent[0], upstream.port).unread == 0, what="a host that has read the answer's beginning")
        host.signal(signal.SIGTERM)
        assert host.wait(5) == 0
        assert access(host)[0]["events"] != "-"


def test_a_port_that_is_taken_is_exit_3():
    with Upstream() as upstream, socket.create_server(("127.0.0.1", 0)) as taken:
        host = proxy(upstream)
        edit(host, f"127.0.0.1:{host.port}", f"127.0.0.1:{taken.getsockname()[1]}")
        host.start(ready=False)
        assert host.wait(10) == 3
        assert "cannot listen" in host.logs()
