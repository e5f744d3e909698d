"""P1-P4 and P6: what the module costs the traffic through nginx, against the same nginx without it.

Short rounds, the order turned round each time, and ratios within a round: on a shared machine that is steadier than long runs. Two processes
that do the same differ by how their memory lies, some per cent for as long as they live. So there are two plain nginx, their mean is the
limit and their ratio the control, and all are started anew after two rounds. A process with a second thread pays some per cent at each system
call (the kernel counts its descriptors' users then), unless that thread has a file table of its own, as the engine's have (base/own_files.h).
"""

import contextlib
import tempfile

import lab
import ngx
import peers

KINDS = {"plain": ngx.PLAIN, "plain again": ngx.PLAIN, "loaded": peers.LOADED, "off": peers.ours("hold", on=False), "async": peers.ours("async"),
         "async, id": peers.ours("async", payload='payload = { id = "response:/id" }'), "hold": peers.ours("hold"),
         # The loop by itself: what it captures waits in memory until the load has ended.
         "async, alone": peers.ours("async", queue="2GiB")}


def load(name, site, *arguments, **how):
    return (ngx.load_alone if name.endswith("alone") else ngx.load)(site, *arguments, **how)


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
            loads = {name: lambda name=name, site=site: load(name, site, 1, **how) for name, site in started.items()}
            for name in names:
                if name.endswith("alone"):
                    loads[name]()
            for name, more in ngx.rounds(count, loads, turned=n % 2 == 1).items():
                runs[name] += more
            for name in set(names) - {"plain", "loaded", "off", "plain again"}:
                recorded[name].append(share(started[name]))
    limits, control = ngx.halves(runs), ngx.against(runs["plain"], runs["plain again"])
    found = {name: ngx.against(limits, runs[name]) | {"A/A": control} for name in names if not name.startswith("plain")}
    for name in found:
        found[name]["recorded"] = min(recorded[name], default=None)
    return found | {"A/A": control, "plain rps": ngx.median(limits, "rps")}


def open_loop(folder, upstream, count, rate):
    """Orders at a fixed rate, latencies from the scheduled time on: what capture adds to them."""
    names = ("plain", "async", "async, alone", "plain again")
    with sites(folder, upstream, names) as started:
        def one(name):
            site = started[name]
            cpu = lab.cpu_us(site.worker)
            with site.recorder_waits() if name.endswith("alone") else contextlib.nullcontext():
                told = lab.program("bench_flow", "load", site.port, rate, 1, core=1)
            if told["acked"] != told["offered"]:
                raise RuntimeError(f"not all were answered: {told}")
            ngx.settle(site)
            return {"p50": told["client_p50_us"], "p99": told["client_p99_us"], "all": (lab.cpu_us(site.worker) - cpu) / told["acked"]}

        runs = ngx.rounds(count, {name: lambda name=name: one(name) for name in names})
    limits, worse = ngx.halves(runs), [max(a["p99"], b["p99"]) for a, b in zip(runs["plain"], runs["plain again"])]
    result = {"rate": rate, "A/A p99": lab.spread([b["p99"] / a["p99"] for a, b in zip(runs["plain"], runs["plain again"])])}
    for name in names[1:-1]:
        result[name] = {"p50": lab.spread([ours["p50"] / plain["p50"] for ours, plain in zip(runs[name], limits)]),
                        "p99 of the worse half": lab.spread([ours["p99"] / p99 for ours, p99 in zip(runs[name], worse)]),
                        "us": lab.spread([ours["all"] for ours in runs[name]]), "plain_us": lab.spread([plain["all"] for plain in limits])}
    return result


def one_connection(folder, upstream, count):
    with sites(folder, upstream, ("plain", "hold")) as two:
        runs = []
        for _ in range(count):
            plain, sync, held = ngx.load(two["plain"], 1, 1), lab.fdatasync_us(folder), ngx.load(two["hold"], 1, 1)
            runs.append({"more": (held["p50"] - plain["p50"] - 2.5 * sync) / 1000, "p50": held["p50"], "sync": sync, "us": held["all"]})
    return {key: lab.spread([run[key] for run in runs]) for key in runs[0]}


def measure(folder, quick=False):
    upstream = lab.free_port()
    many, some, few = ((5, 1), (3, 1), (2, 1)) if quick else ((10, 2), (8, 2), (3, 2))
    with lab.nginx(lab.order_upstream(upstream), upstream, core=1):
        result = {"post": closed(folder, upstream, *many, ("plain", "loaded", "off", "async", "async, alone", "plain again")),
                  "get": closed(folder, upstream, *some, ("plain", "hold", "plain again"), path="/other", method="GET"),
                  "hold 256": closed(folder, upstream, *some, ("plain", "hold", "plain again"), connections=256),
                  # Whole, this is more than a disk takes at full speed, and then events are left out: hence also one that carries an id only.
                  "25 KB": closed(folder, upstream, *few, ("plain", "async", "async, id", "async, alone", "plain again"), path="/lists"),
                  "hold 1": one_connection(folder, upstream, 3 if quick else 7)}
        # 20,000 where nginx makes 92,000; never more than what plain nginx carries with ease.
        rate = min(20000, round(result["post"]["plain rps"] / 3, -2))
        result["open loop"] = open_loop(folder, upstream, 2 if quick else 7, rate)
    return result
