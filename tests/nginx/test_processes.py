"""Signals, generations and helpers: the engine lives in workers only, an old worker ends its holds, and the store outlives them all."""

import os
import re
import signal
import threading
import time

import pytest
from harness import PATIENCE, Client, Upstream, request, wait_until
from ngx import HOOKS, SPILLED, parent, read_proc, threads
from shopping import JSON, nothing_comes, orders, post, seconds_until
from tables import open_files

CACHE = "proxy_cache_path @DIR@/cache keys_zone=shop:1m;"


def has_engine(pid):
    return "trot-writer" in threads(pid)


# ---- where the engine lives


def test_only_workers_start_an_engine(site, workers, shop):
    with site(upstream=shop, http=CACHE) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        titles = {pid: read_proc(pid, "cmdline") for pid in host.processes()}
        assert any("cache manager" in title for title in titles.values())
        with_engine = [pid for pid in titles if has_engine(pid)]
        assert with_engine == host.workers() and len(with_engine) == workers
        assert len(threads(host.pid)) == 1
        for pid, title in titles.items():
            if "cache" in title:
                assert len(threads(pid)) == 1 and not any(str(host.store) in name for name in open_files(pid))
        assert not any(str(host.store) in name for name in open_files(host.pid))


def test_a_configuration_alone_captures_nothing(site, shop):
    with site(upstream=shop, trotline="off") as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert host.quit() == 0
        assert not host.database.exists() or host.events() == []


def test_a_single_process(shop, site):
    with site(upstream=shop, master=False) as host:
        assert request(host.port, "POST", "/orders", b'{"id":1}', JSON).status == 201
        assert has_engine(host.pid) and host.processes() == [host.pid]
        event, = host.recorded()
        assert event["resource_id"] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start workers as somebody else")
def test_workers_without_privileges_own_their_store(site, shop):
    with site(upstream=shop, user="www-data") as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        owner = host.store.stat().st_uid
        assert owner != 0
        for file in host.store.iterdir():
            assert file.stat().st_uid == owner and file.stat().st_mode & 0o077 == 0, file
        assert len(host.recorded()) == 1 and not host.alarms()


def test_the_engines_threads_leave_signals_to_nginx(site, shop):
    with site(upstream=shop) as host:
        for worker in host.workers():
            for task in os.listdir(f"/proc/{worker}/task"):
                if not read_proc(worker, f"task/{task}/comm").startswith("trot-"):
                    continue
                masked = int(re.search(r"SigBlk:\s*(\w+)", read_proc(worker, f"task/{task}/status"))[1], 16)
                for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
                    assert masked >> (number - 1) & 1


def test_deliveries_give_way_to_the_sites_traffic(site, shop):
    def nice(pid, task):
        return int(read_proc(pid, f"task/{task}/stat").rpartition(") ")[2].split()[16])

    def by_name(pid):
        return {read_proc(pid, f"task/{task}/comm"): nice(pid, task) for task in os.listdir(f"/proc/{pid}/task")}

    with site(upstream=shop) as host:
        worker = host.workers()[0]
        wait_until(lambda: by_name(worker)["trot-dispatch"] > nice(worker, worker), what="a dispatcher that gives way")
        assert by_name(worker)["trot-writer"] == nice(worker, worker)  # clients wait for it


# ---- the end, in peace and in haste

ENDINGS = {"HUP": signal.SIGHUP, "QUIT": signal.SIGQUIT}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_held_answer_outlives_its_workers_generation(site, shop, ending):
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(5))
            wait_until(lambda: shop.requests, what="the upstream's request")
            assert nothing_comes(client, 0.1)
            host.signal(ENDINGS[ending])
            wait_until(host.shutting_down, what="a worker that shuts down")
            assert nothing_comes(client, 0.2)
        reply = client.reply()
        assert reply.status == 201 and client.closed()
        if ending == "HUP":
            wait_until(lambda: not host.shutting_down() and host.opened(), what="the old workers' end")
            assert request(host.port, "POST", "/orders", b'{"id":6}', JSON).status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["5", "6"][:1 + (ending == "HUP")]
        assert not host.alarms()


def test_an_upstream_that_answers_after_the_reload_is_recorded(site):
    seen, go = threading.Event(), threading.Event()

    def answer(got):
        seen.set()
        assert go.wait(20)
        return orders(got)

    with Upstream(answer) as upstream, site(upstream=upstream) as host, Client(host.port) as client:
        client.send(post(5))
        assert seen.wait(10)
        host.reload()
        assert host.shutting_down()
        go.set()
        assert client.reply().status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["5"]
        assert not host.alarms()


@pytest.mark.parametrize("store", ["", 'guarantee = "async"\nlinger = "1s"'], ids=["hold", "async"])
def test_term_drains_what_waits(site, shop, store):
    with site(upstream=shop, store=store) as host:
        clients = [Client(host.port).send(post(n)) for n in range(30)]
        if store:
            assert all(client.reply().status == 201 for client in clients)
        else:
            wait_until(lambda: len(shop.requests) == 30, what="the upstream's requests")
        assert seconds_until(host.stop) < 3.16 * PATIENCE
        recorded = {int(event["resource_id"]) for event in host.events()}
        answered = {n for n, client in enumerate(clients) if store or b"201" in bytes(client.stream.data) or client.stream.reply()}
        assert answered <= recorded, answered - recorded
        assert not [line for line in host.alarms() if "open socket" not in line]


def test_term_during_a_hold_ends_in_time_and_the_event_stays(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        with host.locked():
            client.send(post(5))
            assert nothing_comes(client, 0.2)
            assert shop.requests
            host.signal(signal.SIGTERM)
            assert seconds_until(host.wait) < 3.16 * PATIENCE
        assert "exited on signal" not in host.logs()
        host.start()
        event, = host.wait_events(1)
        assert event["resource_id"] == "5" and event["flags"] in (0, SPILLED)


def test_worker_shutdown_timeout_cuts_the_client_and_keeps_the_event(site, shop):
    with site(upstream=shop, main="worker_shutdown_timeout 200ms;") as host, Client(host.port) as client:
        with host.locked():
            client.send(post(5))
            assert nothing_comes(client, 0.2)
            host.signal(signal.SIGQUIT)
            assert client.closed(2)
        host.wait()
        host.start()
        event, = host.wait_events(1)
        assert event["resource_id"] == "5"


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM], ids=["QUIT", "TERM"])
def test_an_end_without_alarms(site, shop, number):
    """Also idle clients are open, and a management request was made."""
    with site(upstream=shop, http=CACHE) as host:
        clients = [Client(host.port) for _ in range(5)]
        for n, client in enumerate(clients):
            assert client.send(post(n)).reply().status == 201
        assert seconds_until(lambda: host.stop(number=number)) < 3.16 * PATIENCE
        assert host.process.returncode == 0 and not host.alarms(), host.alarms()
        assert host.logs().count("open socket") == 0
        assert len(host.events()) == 5


def test_kill_of_a_worker_loses_nothing_that_was_acknowledged(site, shop, workers):
    with site(upstream=shop) as host:
        for n in range(5):
            assert request(host.port, "POST", "/orders", b'{"id":%d}' % n, JSON).status == 201
            killed = host.kill_worker()
            wait_until(lambda: len(host.workers()) == workers and host.opened(), what="a successor")
            assert killed not in host.workers() and has_engine(host.workers()[-1])
        assert [int(event["resource_id"]) for event in host.recorded()] == list(range(5))


def test_kill_of_everything(site, shop):
    with site(upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b'{"id":1}', JSON).status == 201
        host.kill()
        host.start()
        assert request(host.port, "POST", "/orders", b'{"id":2}', JSON).status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["1", "2"]


# ---- other generations


def test_a_reload_takes_changed_hooks(site, shop):
    with site(upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        host.configure(HOOKS.replace("order.created", "order.made"))
        host.reload()
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        host.configure('[[hook]]\ntopic = "cart.made"\nmatch = "POST /carts"\n')
        host.reload()
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert request(host.port, "POST", "/carts", b"{}").status == 201
        assert [event["topic"] for event in host.recorded()] == ["order.created", "order.made", "cart.made"]
        assert not host.alarms()


def test_a_wrong_file_on_reload_keeps_the_old_plan_and_says_where(site, shop):
    with site(upstream=shop) as host:
        before = host.workers()
        host.configure(HOOKS.replace("[[hook]]", "[[hok]]", 1) + '\n[[hook]]\ntopic = 5\nmatch = "POST /x"\n')
        host.reload(wait=False)
        wait_until(lambda: "hok" in host.logs(), 10, host.logs)
        assert f"{host.toml}:" in host.logs()
        assert request(host.port, "POST", "/orders", b'{"id":1}', JSON).status == 201
        assert host.workers() == before
        host.configure(HOOKS)
        host.reload()
        assert request(host.port, "POST", "/orders", b'{"id":2}', JSON).status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["1", "2"]


def test_reopen_moves_the_logs_and_disturbs_nothing(site, shop):
    with site(upstream=shop) as host, Client(host.port) as client:
        assert client.send(post(1)).reply().status == 201
        os.rename(host.access_file, host.dir / "old.log")
        host.reopen()
        wait_until(host.access_file.exists, what="a new access log")
        assert client.send(post(2)).reply().status == 201
        assert len(host.recorded()) == 2 and not host.alarms()


def test_a_binary_upgrade_records_before_during_and_after(site, shop):
    """As a daemon: in the foreground nginx ignores USR2."""
    def order(n):
        assert request(host.port, "POST", "/orders", b'{"id":%d}' % n, JSON).status == 201

    with site(upstream=shop, daemon=True) as host:
        order(1)
        old = host.pid
        host.signal(signal.SIGUSR2, old)

        def second():
            return next((pid for pid in host.masters() if parent(pid) == old and len(host.workers(pid)) == host.count), None)
        new = wait_until(second, 20, lambda: f"a second master with its workers:\n{host.logs()[-4000:]}")
        for n in range(2, 12):
            order(n)
        host.signal(signal.SIGWINCH, old)
        wait_until(lambda: not host.workers(old), 20, "the old workers' end")
        for n in range(12, 15):
            order(n)
        host.signal(signal.SIGQUIT, old)
        wait_until(lambda: host.masters() == [new], 20, "one master")
        for n in range(15, 18):
            order(n)
        host.signal(signal.SIGQUIT, new)
        host.wait(20)
        assert [int(event["resource_id"]) for event in host.events()] == list(range(1, 18))
        assert not host.alarms()


def test_an_old_workers_end_is_not_delayed(site, shop):
    with site(upstream=shop) as host:
        for _ in range(5):
            began = time.monotonic()
            host.reload()
            wait_until(lambda: not host.shutting_down(), 5, "the old workers' end")
            assert time.monotonic() - began < 4
        assert not host.alarms()
