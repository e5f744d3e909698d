"""Several nginx on one store, and workers whose master is gone."""

import os

from harness import request, wait_until
from ngx import Nginx
from test_leadership import arrived, delivering, ids


def test_two_nginx_share_a_store(shop, sink, workers):
    with Nginx(upstream=shop, config=delivering(sink), workers=workers) as one:
        config = one.toml.read_text(encoding="utf-8")
        with Nginx(upstream=shop, config=config, workers=workers) as other:
            for n in range(0, 40, 2):
                assert request(one.port, "POST", "/orders", b'{"id":%d}' % n).status == 201
                assert request(other.port, "POST", "/orders", b'{"id":%d}' % (n + 1)).status == 201
            arrived(sink, 39)
            wait_until(lambda: ids(sink) == list(range(40)), what="each event once")
            assert one.quit() == 0  # one of its workers may have led
            assert request(other.port, "POST", "/orders", b'{"id":40}').status == 201
            arrived(sink, 40)
            assert not other.alarms()
        assert len(one.events()) == 41 and not one.alarms()


def test_workers_without_a_master_go_on_recording(shop, sink, site):
    with site(upstream=shop, config=delivering(sink)) as host:
        host.kill_master()
        for n in range(6):
            assert request(host.port, "POST", "/orders", b'{"id":%d}' % n).status == 201
            arrived(sink, n)
        for pid in host.processes():
            os.kill(pid, 3)  # QUIT, as a master would
        wait_until(lambda: not host.processes(), 20, "the orphans' end")
        assert len(host.events()) == 6
