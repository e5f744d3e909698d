"""slow_endpoint_harms_nobody: one endpoint that never answers beside nine fast ones: the nine keep their throughput.

Harm would be of another size than a busy machine: who waits for the slow one waits for its timeout of 30 s, and the nine are done in a second.
(Control: with 8 connections and a dispatcher that lets one endpoint have them all, 100 orders take over a minute instead of half a second.)
Between runs of the same they differ by a third; how much of their throughput they keep to the per cent is for the benchmarks.
"""

import json
import statistics
import time

import pytest
from harness import Trotline, wait_until
from shop import SECRET, Load, Part

ORDERS = 600
PAIRS = 3


def config(lab, slow):
    text = lab.config().split("[[subscription]]")[0]
    for n in range(9):
        text += f'[[subscription]]\nname = "fast{n}"\ntopics = ["*"]\nurl = "{lab.sink.url}/fast{n}"\nsecret = "{SECRET}"\n'
    if slow:
        text += f'[[subscription]]\nname = "never"\ntopics = ["*"]\nurl = "{lab.sink.url}/never"\nsecret = "{SECRET}"\ntimeout = "30s"\n'
    return text


def seconds_for_the_nine(lab, slow, tmp_path, n):
    with Part("sink", tmp_path / f"got{n}.log") as sink:
        lab.sink = sink
        with Trotline(config(lab, slow), upstream=lab.upstream.url) as trotline:
            began = time.monotonic()
            load = Load(trotline.port, 1, threads=4, total=ORDERS).start().join()
            assert len(load.acked) == ORDERS

            def fast_ones():
                return sum(1 for line in sink.lines() if '"/fast' in line)
            wait_until(lambda: fast_ones() >= 9 * ORDERS, 120, lambda: f"{fast_ones()} of {9 * ORDERS} fast deliveries")
            took = time.monotonic() - began
            if slow:
                waiting = [json.loads(line) for line in sink.lines() if '"/never' in line]
                assert waiting, "the slow endpoint was never asked: the test shows nothing"
            trotline.kill()  # attempts at the endpoint that never answers are of no interest any more
    return took


@pytest.mark.slow
def test_slow_endpoint_harms_nobody(lab, tmp_path):
    ratios = []
    for n in range(PAIRS):
        alone = seconds_for_the_nine(lab, False, tmp_path, f"{n}a")
        beside = seconds_for_the_nine(lab, True, tmp_path, f"{n}b")
        ratios.append(alone / beside)
    assert statistics.median(ratios) >= 0.5, f"throughput of the nine beside the slow one: {[round(each, 2) for each in ratios]}"
