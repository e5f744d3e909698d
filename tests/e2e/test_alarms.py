"""What an operator's alarms see: gauges on the metrics page, and the troubles that keep `trotline status` from saying that all is well."""

import json
import os
import re
import sqlite3
import time
from datetime import datetime, timedelta, timezone

import pytest
from cli import said
from harness import Sink, Trotline, free_port, trotline, wait_until
from test_admin import ask
from test_redeliver import config, listed, order, orders, subscription


def gauges(port):
    found = {}
    for line in ask(port, "/metrics").body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert re.fullmatch(r'trotline_[a-z_]+(\{state="[a-z]+"\})?', name) and name not in found, line
            found[name] = float(value)
    return found


def wait_gauge(port, **wanted):
    def there():
        now = gauges(port)
        return all(now[f"trotline_{name}"] == value for name, value in wanted.items()) and now
    return wait_until(there, 15, lambda: f"{wanted}, there are {gauges(port)}")


def test_gauges_follow_what_waits_and_how_endpoints_are(tmp_path):
    port = free_port()
    answer = {"status": 200}
    with orders() as upstream, Sink(lambda _: answer["status"]) as sink, Sink() as other:
        more = 'breaker = { failures = 2 }\nschedule = ["30s"]\nconcurrency = 1\n'
        text = config(tmp_path, subscription(tmp_path, "a", sink.url, more), subscription(tmp_path, "b", other.url), admin=port)
        with Trotline(text, upstream=upstream.url, directory=tmp_path) as host:
            order(host, 1)
            sink.wait(1)
            well = wait_gauge(port, deliveries_pending=0)
            assert well["trotline_oldest_pending_seconds"] == 0 and well["trotline_oauth_tokens_failing"] == 0 == well["trotline_shaping"]
            assert [well[f'trotline_subscriptions{{state="{state}"}}'] for state in ("active", "paused", "disabled")] == [2, 0, 0]
            wait_until(lambda: gauges(port)['trotline_endpoints{state="closed"}'] == 2, 10, "two endpoints")
            answer["status"] = 500
            order(host, 4)
            wait_until(lambda: gauges(port)['trotline_endpoints{state="open"}'] + gauges(port)['trotline_endpoints{state="probing"}'] == 1, 10, "an open breaker")
            wait_gauge(port, deliveries_pending=4)
            # Some of them are due, and nothing goes out.
            wait_until(lambda: gauges(port)["trotline_oldest_pending_seconds"] >= 1, 15, "a second")
            said(trotline("pause", "a", "-c", host.config), 0)
            paused = wait_until(lambda: (now := gauges(port))['trotline_subscriptions{state="paused"}'] == 1 and now, 10, "a paused one")
            assert paused["trotline_deliveries_pending"] == 4 and paused["trotline_oldest_pending_seconds"] == 0


@pytest.mark.slow
def test_a_million_pending_deliveries_cost_a_scrape_little(tmp_path):
    port = free_port()
    with orders() as upstream, Sink() as sink:
        host = Trotline(config(tmp_path, subscription(tmp_path, "a", sink.url, "paused = true\n"), admin=port), upstream=upstream.url, directory=tmp_path)
        with host:
            order(host, 1)
            wait_until(lambda: listed(host.store, "deliveries"), 10, "it")
        with sqlite3.connect(host.store / "trotline.db") as base:
            width = len(base.execute("SELECT * FROM deliveries").fetchone())
            rest = ", ".join(f"c{column}" for column in range(1, width))
            names = ", ".join(f"{name} AS c{column}" for column, (_, name, *_) in enumerate(base.execute("PRAGMA table_info(deliveries)").fetchall()))
            base.execute(f"INSERT INTO deliveries WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
                         f"SELECT c0 + i, {rest} FROM n, (SELECT {names} FROM deliveries LIMIT 1)")
        base.close()
        with host:
            assert wait_gauge(port, deliveries_pending=1_000_001)
            begin = time.monotonic()
            for _ in range(50):
                gauges(port)
            assert time.monotonic() - begin < 2.5


def ago(**span):
    return (datetime.now(timezone.utc) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def well(where):
    done = trotline("status", "--store", where)
    return done.returncode == 0 and done.stdout.endswith("all is well\n")


def test_dead_letters_and_quarantine_are_troubles_until_they_are_seen_to(tmp_path):
    answer = {"status": 500}
    with orders() as upstream, Sink(lambda _: answer["status"]) as sink:
        text = config(tmp_path, subscription(tmp_path, "a", sink.url, "schedule = []\nbreaker = false\n"), admin=free_port())
        host = Trotline(text, upstream=upstream.url, directory=tmp_path)
        with host:
            wait_until(lambda: well(host.store), 15, "that all is well")
            order(host, 2)
            wait_until(lambda: len(listed(host.store, "deliveries", "--state", "dead")) == 2, 10, "dead letters")
            assert "! 2 deliveries were given up in the last hour" in said(trotline("status", "--store", host.store), 1)

            def write(sql, *values):
                with sqlite3.connect(host.store / "trotline.db", timeout=10) as base:
                    base.execute(sql, values)
                base.close()
            # Two hours later they are history.
            write("UPDATE deliveries SET finished_ms = finished_ms - 7200000")
            assert well(host.store)
            write("UPDATE deliveries SET last_error = 'quarantined' WHERE number = (SELECT max(number) FROM deliveries)")
            assert "! 1 delivery is quarantined" in said(trotline("status", "--store", host.store), 1)
            # Sent again it is none any more, and no host had to be restarted for that.
            answer["status"] = 200
            said(trotline("redeliver", "--state", "dead", "-c", host.config), 0)
            wait_until(lambda: well(host.store), 15, "that all is well again")


@pytest.mark.parametrize("endpoint, trouble", [
    ({"state": "open", "breaker": "probing", "failing_since": {"minutes": 7}}, "endpoint x has failed for 7m"),
    ({"state": "open", "breaker": "open", "failing_since": {"minutes": 3}}, None),
    ({"state": "retrying", "breaker": "closed", "failing_since": {"minutes": 7}}, None),
    ({"state": "unconsented", "breaker": "closed", "refusals": 2, "reason": "no consent: it answered 405"}, "endpoint x gets nothing: no consent: it answered 405"),
    ({"state": "unconsented", "breaker": "closed", "reason": "its consent has not been asked for yet"}, None),
])
def test_an_endpoint_that_fails_for_long_or_gives_no_consent_is_a_trouble(tmp_path, endpoint, trouble):
    with orders() as upstream, Trotline(config(tmp_path), upstream=upstream.url, directory=tmp_path) as host:
        wait_until(lambda: well(host.store), 15, "that all is well")
        told = {"name": "x", "reason": "", **endpoint}
        if "failing_since" in told:
            told["failing_since"] = ago(**told["failing_since"])
        # As another process of the store would say it of itself: this one.
        facts = {"pid": os.getpid(), "store": "ok", "started": ago(minutes=9), "counters": {"leader": 1, "filtered": 12, "looped": 3, "expired": 0},
                 "dispatcher": {"shaping": 4, "tokens": {"failing": 0}, "list": [told]}}
        (host.store / f"status-{os.getpid()}.json").write_text(json.dumps(facts))
        done = trotline("status", "--store", host.store)
        if trouble is None:
            assert done.returncode == 0 and done.stdout.endswith("all is well\n"), done.stdout
        else:
            assert done.returncode == 1 and "! " + trouble in done.stdout and "all is well" not in done.stdout, done.stdout
        # What became of deliveries besides; nothing of what is 0.
        assert f"of {os.getpid()}: 12 filtered, 3 stopped in a loop, 4 being shaped now\n" in done.stdout and "expired" not in done.stdout


def test_the_leader_says_how_breakers_and_consents_are(tmp_path):
    with orders() as upstream, Sink(lambda _: 405) as sink:
        more = 'format = "cloudevents"\nconsent = "shop.example"\n'
        with Trotline(config(tmp_path, subscription(tmp_path, "a", sink.url, more)), upstream=upstream.url, directory=tmp_path) as host:
            order(host, 1)
            wait_until(lambda: "endpoint a gets nothing: no consent" in trotline("status", "--store", host.store).stdout, 15, "its refusal")
