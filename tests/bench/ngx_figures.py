"""The table's rows for the nginx module. Beside each ratio stands what a request costs in all: CPU of all threads of the worker, which is all
there is of us, until what it captured was recorded and delivered."""

import os
import tempfile

import ngx_deliver
import ngx_path

CPU = "× the CPU a request of nginx without the module"
LOOP = "× the loop's CPU a request of nginx without the module"
RPS = "of plain requests/s"
TOGETHER = "… with the recorder on the loop's two cores:"
TITLES = {"mirror": "instead: `mirror` (request only, unsigned)", "Lua timer": "instead: Lua, a timer and a POST each",
          "Lua queue": "instead: Lua, a queue in memory, 16 light threads", "njs": "instead: njs, detached subrequest",
          "ModSecurity": "instead: ModSecurity, both bodies, one rule", "async": "ours, async, delivering", "hold": "ours, hold, delivering"}


def percent(part):
    return f"{100 * part:.3g} %"


def total(found):
    return f"all threads {found['us']['median']:.1f} µs, plain {found['plain_us']['median']:.1f}"


def kept(found):
    """With guarantee "async" what does not fit into the queue is left out: then the figure must say so."""
    return f"{total(found)}; {percent(found['recorded'])} recorded"


def path_rows(told):
    post, get, hold, big, one, paced = (told[name] for name in ("post", "get", "hold 256", "25 KB", "hold 1", "open loop"))
    loaded, off, capture, alone, unmatched, hold = post["loaded"], post["off"], post["async"], post["async, alone"], get["hold"], hold["hold"]
    whole, slim, large = big["async"], big["async, id"], big["async, alone"]
    same = post["A/A"]
    yield "A/A one plain nginx against another, CPU", same["all"]["median"], None, None, "(control)", same
    yield "A/A the same, requests/s", same["rps"]["median"], None, None, f"(control; {post['plain rps']:,.0f}/s)", same
    yield "module loaded, off", loaded["all"]["median"], "<=", 1.01, f"{CPU} ({total(loaded)})", loaded
    yield "off everywhere, but the engine runs and delivers what there is", off["all"]["median"], None, None, f"{CPU} ({total(off)})", off
    yield "on, GET that no hook matches", unmatched["all"]["median"], "<=", 1.02, f"{CPU} ({total(unmatched)})", unmatched
    yield "P2 the same, requests/s", unmatched["rps"]["median"], ">=", 0.97, f"{RPS} ({total(unmatched)})", unmatched
    yield "capture (async), the loop by itself", alone["loop"]["median"], "<=", 1.08, f"{LOOP} ({kept(alone)})", alone
    yield "P1 capture (async), 1 KB, the loop by itself", alone["rps"]["median"], ">=", 0.90, f"{RPS} ({kept(alone)})", alone
    yield f"{TOGETHER} CPU", capture["loop"]["median"], None, None, f"{LOOP} ({kept(capture)})", capture
    yield f"{TOGETHER} requests/s", capture["rps"]["median"], None, None, f"{RPS} ({kept(capture)})", capture
    yield "P3 capture (async), 25 KB answers, the loop by itself", large["rps"]["median"], ">=", 0.88, f"{RPS} ({kept(large)})", large
    yield f"{TOGETHER} requests/s", whole["rps"]["median"], None, None, f"{RPS} ({kept(whole)})", whole
    yield f"{TOGETHER} the event carries an id", slim["rps"]["median"], None, None, f"{RPS} ({kept(slim)})", slim
    for name, floors in (("async, alone", (1.08, 1.25)), ("async", None)):
        found = paced[name]
        where = "" if floors else f", {TOGETHER}"
        yield f"P4 capture (async) at {paced['rate']:,.0f}/s, p50{where}", found["p50"]["median"], floors and "<=", floors and floors[0], (
            f"× plain ({total(found)})"), found
        yield f"P4 the same, p99{where}", found["p99 of the worse half"]["median"], floors and "<=", floors and floors[1], (
            f"× the worse of two plain ones (A/A {paced['A/A p99']['min']:.2f} to {paced['A/A p99']['max']:.2f})"), found
    yield "hold, 256 connections, the loop", hold["loop"]["median"], "<=", 1.40, f"{LOOP} ({kept(hold)})", hold
    yield "hold, 256 connections, all threads", hold["all"]["median"], None, None, f"{CPU} ({kept(hold)})", hold
    yield "hold, 256 connections, requests/s", hold["rps"]["median"], ">=", 0.75, f"{RPS} ({kept(hold)})", hold
    yield "P6 hold, one connection, above 2.5 × fdatasync", one["more"]["median"], "<=", 0.2, (
        f"ms (p50 {one['p50']['median']:.0f} µs, fdatasync {one['sync']['median']:.0f} µs; all threads {one['us']['median']:.1f} µs)"), one


def fate(found):
    if "delivered" not in found:
        return "delivers nothing"
    return (f"{found['us_per_delivery']:.1f} µs in all per delivered event; {percent(found['at_once'])} delivered when the load ended, "
            f"{percent(found['delivered'])} after {found['drain_ms']:,.0f} ms")


def peer_rows(told):
    costs = {name: f"{told[name]['us_per_delivery']:.1f}" for name in ("async", "Lua queue", "njs")}
    late = f"{percent(1 - told['async']['at_once'])} of ours still wait when the load ends"
    for name, floor in (("Lua queue", 2), ("njs", 6)):
        yield f"P5 the loop's CPU a request, {name}", told[f"{name} of ours"]["median"], ">=", floor, (
            f"× ours by itself (in all per delivered event {costs[name]} against our {costs['async']} µs)"), told[f"{name} of ours"]
        yield "… all on two cores: ours delivering (async)", told[f"ours of {name}"]["median"], None, None, (
            f"× its requests/s ({late})"), told[f"ours of {name}"]
    for name, title in TITLES.items():
        found = told[name]
        yield title, found["rps"]["median"], None, None, (
            f"{RPS}; {found['all']['median']:.1f} × the worker's CPU a request; {fate(found)}"), found


def figures(options):
    with tempfile.TemporaryDirectory(prefix="nginx-", dir=options.dir) as folder:
        os.chmod(folder, 0o755)
        told = ngx_path.measure(folder, options.quick)
        yield from path_rows(told)
        told = ngx_deliver.measure(folder, told["post"]["plain rps"], options.quick)
        yield from peer_rows(told["peers"])
        one = told["E1"]
        yield f"E1 nginx, hold, {one['rate']:,}/s (0.13 of plain), backlog", one["drain_ms"], "<=", 100, (
            f"ms of deliveries left when the load ends (all threads {one['us']:.1f} µs an event)"), one
        yield f"Z1 nginx, ledger at {one['rate']:,}/s", one["delivered"] / one["acked"], ">=", 1, "delivered of acknowledged", one
