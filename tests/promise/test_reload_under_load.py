"""reload_under_load: HUP every second for 30 s: no request fails, and each event is judged by exactly one plan."""

import json
import time

import pytest
from harness import PATIENCE, Trotline, trotline, wait_until
from shop import Load

SECONDS = 30


@pytest.mark.slow
@pytest.mark.sanitized
def test_reload_under_load(lab):
    with Trotline(lab.config(), upstream=lab.upstream.url) as host:
        load = Load(host.port).start()
        for second in range(int(SECONDS * max(1, PATIENCE / 4))):
            # Even plans call it order.created, odd ones order.made: an event of both, or of neither, would be seen.
            word = "made" if second % 2 == 0 else "created"
            host.configure(lab.config().replace('topic = "order.created"', f'topic = "order.{word}"'), upstream=lab.upstream.url)
            host.reload()
            time.sleep(1)  # the promise is about this pace
        load.stop()
        assert load.failed == [], load.failed[:5]
        assert len(load.acked) > 100
        wait_until(lambda: load.acked <= lab.delivered(), 60, "every acknowledged order delivered")
        listed = trotline("events", "--store", host.store, "--json", "--limit", "1000000")
        events = [json.loads(line) for line in listed.stdout.splitlines()]
        seen = [int(event["resource_id"]) for event in events]
        assert sorted(seen) == sorted(set(seen)) and set(seen) >= load.acked
        assert {event["topic"] for event in events} == {"order.created", "order.made"}
        verdict = lab.judge(load.acked)
        assert verdict["lost"] == [] and verdict["twice"] == {} and verdict["changed"] == []


def test_a_wrong_file_keeps_the_old_plan(lab):
    with Trotline(lab.config(), upstream=lab.upstream.url) as host:
        good = host.config.read_text(encoding="utf-8")
        host.config.write_text(good.replace("[[hook]]", "[[hok]]"), encoding="utf-8")
        host.reload()
        wait_until(lambda: "trotline.toml:" in host.logs() and "hok" in host.logs(), 10, host.logs)
        load = Load(host.port, total=20).start().join()
        assert load.failed == [] and len(load.acked) == 20
        wait_until(lambda: load.acked <= lab.delivered(), 30, "orders judged by the old plan")
