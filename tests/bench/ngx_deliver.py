"""P5 and E1: nginx that also tells each change to somebody, beside what a user would write instead; and how much of it is sustained.

P5 is the proxy's own work: CPU of the event loop for each request when each change is to be delivered to the same sink. Theirs signs and
sends in the loop; ours hands over, and other threads record, sign and send. The figure is of the loop by itself, because on two cores these
threads, the load, the upstream and the sink would take from it what they need. What it leaves out stands beside it: requests a second with
everything on the two cores, the whole CPU of a delivered event, and what waits: ours records first and lets deliveries wait, Lua's queue
waits in the worker's memory and dies with it, `mirror`, timer and njs pace the traffic itself.
"""

import contextlib
import re
import statistics
import tempfile
import time

import flow
import lab
import ngx
import peers


class Sink:
    """nginx that takes every callback with 204, and counts them."""

    def __init__(self, stack):
        self.port, self.asked = lab.free_port(), 0
        locations = "location / { return 204; } location = /count { stub_status; }"
        stack.enter_context(lab.nginx(f"server {{ listen 127.0.0.1:{self.port}; {locations} }}", self.port, core=1))

    def received(self):
        self.asked += 1
        told = lab.get(f"http://127.0.0.1:{self.port}/count")
        return int(re.search(r"requests\s+\d+ \d+ (\d+)", told)[1]) - self.asked

    def wait(self, count, patience=2):
        """Until so many have come, or no more come."""
        last, moved = 0, time.monotonic()
        while (now := self.received()) < count and time.monotonic() - moved < patience:
            if now > last:
                last, moved = now, time.monotonic()
            time.sleep(0.01)


def load(site, sink, seconds=1):
    """A closed loop as in ngx.load, and what became of its callbacks: those that had arrived when the load ended, those that ever did, the
    time until then, and the worker's CPU for each of them, all threads, the proxying included."""
    before, cpu = sink.received(), lab.cpu_us(site.worker)
    told = ngx.load(site, seconds, rest=False)
    ended, at_once = time.monotonic(), sink.received() - before
    sink.wait(before + told["count"])
    told["drain_ms"] = (time.monotonic() - ended) * 1000
    ngx.settle(site)
    delivered, cpu = sink.received() - before, lab.cpu_us(site.worker) - cpu
    return told | {"all": cpu / told["count"], "us_per_delivery": cpu / delivered, "at_once": min(1, at_once / told["count"]),
                   "delivered": min(1, delivered / told["count"])}


def compare(folder, upstream, sink, count):
    """Per peer the ratios to plain nginx and its deliveries; ours against theirs, round by round."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
        kinds = {"plain": ngx.PLAIN, **peers.PEERS, "async, alone": peers.ours("async", subscription=True, queue="2GiB"), "plain again": ngx.PLAIN}
        everyone = {name: stack.enter_context(ngx.site(kind, place, upstream, sink.port)) for name, kind in kinds.items()}

        def one(name):
            if name.endswith("alone"):
                return ngx.load_alone(everyone[name], 1)
            quiet = name.startswith("plain") or name in peers.DELIVER_NOTHING
            return ngx.load(everyone[name], 1) if quiet else load(everyone[name], sink)

        runs = ngx.rounds(count, {name: lambda name=name: one(name) for name in kinds})
    limits = ngx.halves(runs)
    result = {name: ngx.against(limits, runs[name]) for name in peers.PEERS}
    for name in set(peers.PEERS) - set(peers.DELIVER_NOTHING):
        result[name] |= {key: ngx.median(runs[name], key) for key in ("us_per_delivery", "at_once", "delivered", "drain_ms")}
    for name in ("Lua queue", "njs"):
        result[f"{name} of ours"] = lab.spread([theirs["loop"] / ours["loop"] for ours, theirs in zip(runs["async, alone"], runs[name])])
        result[f"ours of {name}"] = lab.spread([ours["rps"] / theirs["rps"] for ours, theirs in zip(runs["async"], runs[name])])
    return result


def sustained(folder, rate, seconds, count):
    """The flow through nginx with guarantee "hold": each run's ledger must balance, or it is void."""
    @contextlib.contextmanager
    def host(ports):
        with (tempfile.TemporaryDirectory(dir=folder) as place,
              ngx.site(peers.ours("hold", subscription=True), place, ports["upstream"], ports["sink"]) as site):
            yield site.port, site.worker

    ledgers = [flow.run_through(host, rate, seconds) for _ in range(count)]
    return {"rate": rate, "drain_ms": statistics.median(each["drain_ms"] for each in ledgers),
            "acked": sum(each["acked"] for each in ledgers), "delivered": sum(each["delivered"] for each in ledgers),
            "us": statistics.median(each["cpu_us"] / each["acked"] for each in ledgers), "ledgers": ledgers}


def measure(folder, plain_rps, quick=False):
    upstream = lab.free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(lab.nginx(lab.order_upstream(upstream), upstream, core=1))
        result = {"peers": compare(folder, upstream, Sink(stack), 2 if quick else 4)}
    return result | {"E1": sustained(folder, round(0.13 * plain_rps), 3 if quick else 4, 1 if quick else 2)}
