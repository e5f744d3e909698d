"""P1-P4 and P6: what the module costs the traffic through nginx, against the same nginx without it.

Short rounds, the order turned round each time, and ratios within a round: on a shared machine that is steadier than long runs. Two processes
that do the same differ by how their memory lies, some per cent for as long as they live. So there are two plain nginx, their mean is the
limit and their ratio the control, and all are started anew after a few rounds.
"""

import contextlib
import tempfile

import lab
import ngx
import peers

KINDS = {"plain": ngx.PLAIN, "plain again": ngx.PLAIN, "off": peers.ours("hold", on=False), "async": peers.ours("async"),
         "async, id": peers.ours("async", payload='payload = { id = "response:/id" }'), "hold": peers.ours("hold")}


def share(site):
    """What the store holds of what clients were answered; a little above 1, because wrk leaves without its last answers."""
    return min(1, site.recorded() / site.sent)


@contextlib.contextmanager
def sites(folder, upstream, names):
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
        yield {name: stack.enter_context(ngx.site(KINDS[name], place, upstream)) for name in names}


def closed(folder, upstream, starts, count, names, **how):
    """Loads of a second each, `count` rounds after each of so many starts; per name the ratios to plain, and what part was recorded."""
    runs, recorded = {name: [] for name in names}, {name: [] for name in names}
    for n in range(starts):
        with sites(folder, upstream, names) as started:
            loads = {name: lambda site=site: ngx.load(site, 1, **how) for name, site in started.items()}
            for name, more in ngx.rounds(count, loads, turned=n % 2 == 1).items():
                runs[name] += more
            for name in set(names) - {"plain", "off", "plain again"}:
                recorded[name].append(share(started[name]))
    limits, control = ngx.halves(runs), ngx.against(runs["plain"], runs["plain again"])
    found = {name: ngx.against(limits, runs[name]) | {"A/A": control} for name in names if not name.startswith("plain")}
    for name in found:
        found[name]["recorded"] = min(recorded[name], default=None)
    return found | {"A/A": control, "plain rps": ngx.median(limits, "rps")}


def open_loop(folder, upstream, count, rate, seconds):
    """Orders at a fixed rate, latencies from the scheduled time on: what capture adds to them."""
    with sites(folder, upstream, ("plain", "async", "plain again")) as all_of_them:
        def one(site):
            cpu = lab.cpu_us(site.worker)
            told = lab.program("bench_flow", "load", site.port, rate, seconds, core=1)
            if told["acked"] != told["offered"]:
                raise RuntimeError(f"not all were answered: {told}")
            ngx.settle(site)
            return {"p50": told["client_p50_us"], "p99": told["client_p99_us"], "all": (lab.cpu_us(site.worker) - cpu) / told["acked"]}

        runs = ngx.rounds(count, {name: lambda site=site: one(site) for name, site in all_of_them.items()})
    triples = list(zip(runs["async"], ngx.halves(runs), runs["plain"], runs["plain again"]))
    return {"rate": rate, "p50 us more": lab.spread([ours["p50"] - plain["p50"] for ours, plain, _, _ in triples]),
            "plain p50 us": lab.spread([plain["p50"] for _, plain, _, _ in triples]),
            "us": lab.spread([ours["all"] for ours, _, _, _ in triples]), "plain_us": lab.spread([plain["all"] for _, plain, _, _ in triples]),
            "p99 of the worse half": lab.spread([ours["p99"] / max(a["p99"], b["p99"]) for ours, _, a, b in triples]),
            "A/A p99": lab.spread([b["p99"] / a["p99"] for _, _, a, b in triples])}


def one_connection(folder, upstream, count):
    with sites(folder, upstream, ("plain", "hold")) as two:
        runs = []
        for _ in range(count):
            plain, sync, held = ngx.load(two["plain"], 1, 1), lab.fdatasync_us(folder), ngx.load(two["hold"], 1, 1)
            runs.append({"more": (held["p50"] - plain["p50"] - 2.5 * sync) / 1000, "p50": held["p50"], "sync": sync, "us": held["all"]})
    return {key: lab.spread([run[key] for run in runs]) for key in runs[0]}


def measure(folder, quick=False):
    upstream = lab.free_port()
    many, some, few = ((5, 1), (3, 1), (2, 1)) if quick else ((5, 3), (4, 3), (3, 2))
    with lab.nginx(lab.order_upstream(upstream), upstream, core=1):
        result = {"post": closed(folder, upstream, *many, ("plain", "off", "async", "plain again")),
                  "get": closed(folder, upstream, *some, ("plain", "hold", "plain again"), path="/other", method="GET"),
                  "hold 256": closed(folder, upstream, *some, ("plain", "hold", "plain again"), connections=256),
                  # Whole, this is more than a disk takes at full speed, and then events are left out: hence also one that carries an id only.
                  "25 KB": closed(folder, upstream, *few, ("plain", "async", "async, id", "plain again"), path="/lists"),
                  "hold 1": one_connection(folder, upstream, 3 if quick else 7)}
        # 20,000 where nginx makes 92,000; never more than what plain nginx carries with ease.
        rate = min(20000, round(result["post"]["plain rps"] / 3, -2))
        result["open loop"] = open_loop(folder, upstream, *((2, rate, 1) if quick else (5, rate, 1.5)))
    return result
