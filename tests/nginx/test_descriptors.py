"""nginx's thread has its file table for itself: what it closes is closed, and nothing of the engine's is in it."""

import signal

import pytest
from harness import Client, can_connect, request, wait_until
from shopping import nothing_comes, post
from tables import assert_apart, least_open, open_files, open_in, tables

GET = b"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n"


@pytest.mark.parametrize("master", [True, False], ids=["workers", "alone"])
@pytest.mark.sanitized
def test_the_loop_shares_no_descriptors(site, shop, master):
    with site(upstream=shop, master=master) as host, Client(host.port) as idle:
        idle.send(GET % b"")
        assert idle.reply().status == 200
        for pid in host.workers():
            assert request(host.port, "POST", "/orders", b"{}").status == 201
            assert_apart(pid, host.store)
        assert host.quit() == 0 and not host.alarms()


@pytest.mark.sanitized
def test_a_connection_ends_when_the_worker_closes_it(site, shop):
    with site(upstream=shop) as host, Client(host.port) as idle:
        idle.send(GET % b"")
        assert idle.reply().status == 200
        for _ in range(2):
            with Client(host.port) as client:
                client.send(GET % b"Connection: close\r\n")
                assert client.reply().status == 200 and client.closed(2)
            host.reload()
        assert idle.closed(2)  # its worker has gone
        assert not host.alarms()


@pytest.mark.sanitized
def test_nobody_listens_while_an_old_worker_drains(site, shop):
    """A copy of the listening socket would let clients in whom no one will serve."""
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(5))
            wait_until(lambda: shop.requests, what="the upstream's request")
            host.signal(signal.SIGQUIT)
            wait_until(lambda: not can_connect(host.port), 2, "the end of the listening sockets")
            assert host.shutting_down() and nothing_comes(client, 0.1)
        assert client.reply().status == 201
        assert host.wait() == 0 and not host.alarms()


def test_a_rotated_log_is_let_go(site, shop):
    """nginx's standard error is its error log: a copy of the old one would keep it on the disk."""
    with site(upstream=shop) as host:
        rotated = host.error_log.rename(host.dir / "rotated.log")
        before = [pid for pid in host.processes() if str(rotated) in open_files(pid)]
        assert set(host.workers()) <= set(before)
        host.reopen()
        wait_until(lambda: not any(str(rotated) in open_files(pid) for pid in host.processes()), 5, "the end of the old log's last user")
        for pid in host.workers():
            assert [open_in(pid, task)[2] for task in tables(pid)] == [str(host.error_log)] * 2
        assert request(host.port, "POST", "/orders", b"{}").status == 201


def test_50_reloads_leave_no_descriptor(site, shop):
    def reload(times):
        for n in range(times):
            host.reload()
            with Client(host.port) as client:
                client.send(post(n, more="Connection: close\r\n"))
                assert client.reply().status == 201
        wait_until(lambda: not host.shutting_down(), 20, "the end of the older workers")
        wait_until(lambda: any(leads(pid) for pid in host.workers()), what="a worker that dispatches: it has more open")
        return least_open(host.processes)

    def leads(pid):
        status = host.store / f"status-{pid}.json"
        return status.exists() and '"leader":1,' in status.read_text(encoding="utf-8")

    with site(upstream=shop) as host:
        # One more may be a connection to a receiver, kept open.
        few, many = reload(5), reload(45)
        assert len(few) == len(many) and all(b <= a + 1 for x, y in zip(few, many) for a, b in zip(x, y)), (few, many)
        assert len(host.recorded()) == 50
