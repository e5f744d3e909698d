"""Runs the benchmarks and prints one table: what was measured, against which limit, and the floor. Called by tests/bench/run."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import flow
import host
import lab
import ngx_figures


def judge(options):
    told = lab.program("bench_judge")
    yield "judge, 10,000 hooks", told["judge_ns"] / 1000, "<=", 1.0, "µs an exchange", told
    yield "judge, all dialects: an order", told["order_ns"] / 1000, "<=", 2.0, "µs an exchange", told
    yield "judge, all dialects: a page", told["page_ns"] / 1000, "<=", 1.0, "µs an exchange", told


def record(options):
    runs = [lab.program("bench_record", "--dir", options.dir, "--seconds", 2 if options.quick else 5) for _ in range(1 if options.quick else 3)]
    rate = statistics.median(run["events_per_s"] for run in runs)
    yield "recorder, 100 and more wait", rate, ">=", 60000, "durable 1 KB events/s", runs


def evaluate(options):
    told = lab.program("bench_evaluate")
    yield "hooks of WooCommerce, an order of 1 KB", told["evaluate_us"], "<=", 15, "µs on the recorder's thread", told
    yield "hooks of WooCommerce, an order of 20 KB", told["evaluate_large_us"], "<=", 60, "µs on the recorder's thread", told


def shape(options):
    told = lab.program("bench_shape")
    small, large = sorted(told.values(), key=lambda of: of["one_condition_us"])
    yield "no condition, an event of 1 KB", small["no_condition_us"], "<=", 1, "µs", told
    yield "a condition on it", small["one_condition_us"], "<=", 5, "µs", told
    yield "five conditions on it", small["five_conditions_us"], "<=", 15, "µs", told
    yield "two members left out of it", small["two_dropped_us"], "<=", 25, "µs", told
    yield "a jq filter on it", small["jq_filter_us"], "<=", 150, "µs until its answer (another process)", told
    yield "a condition on 20 KB", large["one_condition_us"], "<=", 60, "µs", told


def store(options):
    told = lab.program("bench_store", "--dir", options.dir, *(["--quick"] if options.quick else []), timeout=1200)
    yield "S1 durable life cycle", told["S1"]["ratio"], ">=", 0.65, "of a bare SQLite insert loop", told["S1"]
    yield "S2 durable life cycle", told["S2"]["ratio"], None, None, "of an append-only file (report only)", told["S2"]
    yield "R1 open with 100,000 pending", told["R1"]["first_due_ms"], "<=", 250, "ms to the first due row", told["R1"]
    yield "R2 retention step of 1,000 rows", told["R2"]["step_ms_max"], "<=", 15, "ms, the longest", told["R2"]
    million = told.get("million")
    if million:
        yield "1,000,000 pending: open", million["first_due_ms"], "<=", 3000, "ms", million
        yield "1,000,000 pending: memory", million["rss_mib"], "<=", 150, "MiB resident", million


def deliver(options):
    command = [sys.executable, str(Path(__file__).parent / "deliver.py"), *(["--quick"] if options.quick else []), "--build", str(lab.BUILD)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    yield "D1 signed deliveries, one host", told["d1_of_wrk"], ">=", 0.27, "of wrk (CPU)", told
    yield "D2 200 hosts", told["d2_of_d1"], ">=", 0.45, "of D1 (CPU)", told
    yield "D2 new connections", 100 * told["d2_new_connections"], "<=", 3, "% of deliveries", told
    yield "D3 a new TLS connection", told["d3_ms"], "<=", 1.0, "ms CPU", told


def dispatch(options):
    port = lab.free_port()
    with lab.nginx(f"server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}", port):
        told = lab.program("bench_dispatch", "--url", f"http://127.0.0.1:{port}/", "--dir", options.dir, *(["--quick"] if options.quick else []),
                           timeout=1200)
    if "fan_out" in told:
        yield "D4 fan-out 1 to 20", told["fan_out"]["ratio"], "<=", 1.4, "× the CPU of a single delivery", told["fan_out"]
    if "restart" in told:
        yield "R1 restart with 100,000 pending", told["restart"]["first_ms"], "<=", 250, "ms to the first delivery", told["restart"]
    if "million" in told:
        yield "1,000,000 pending: start", told["million"]["first_ms"], "<=", 3000, "ms to the first delivery", told["million"]
        yield "1,000,000 pending: dispatcher", told["million"]["resident_mib"], "<=", 150, "MiB resident", told["million"]
        yield "1,000,000 pending: drain", told["million"]["a_second"], ">=", 5000, "deliveries/s", told["million"]
    if "dead" in told:
        dead = told["dead"]
        yield f"{dead['pending']:,} pending for a dead endpoint: nine others", dead["ratio"], ">=", 0.95, "of their rate without it", dead
        yield f"{dead['pending']:,} pending for a dead endpoint: dispatcher", dead["resident_mib"], "<=", 150, "MiB resident", dead
    if "slow" in told:
        yield "an endpoint that never answers: nine others", told["slow"]["ratio"], ">=", 0.95, "of their rate without it", told["slow"]
    if "adaptive" in told:
        yield "adaptive pacing at an endpoint that is well", told["adaptive"]["ratio"], "<=", 1.03, "× the CPU without", told["adaptive"]


def endpoints(options):
    port = lab.free_port()
    server = f"server {{ listen {port} backlog=4096; location / {{ return 204; }} location = /fail {{ return 503; }} location = /accepted {{ stub_status; }} }}"
    with lab.nginx(server, port):
        told = lab.program("bench_endpoints", "--url", f"http://127.0.0.1:{port}/", "--dir", options.dir, *(["--quick"] if options.quick else []),
                           timeout=1800)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accepted", timeout=10) as answer:
            accepted, _, requests = map(int, answer.read().decode().splitlines()[2].split())
    one, many = told["one"], told["many"]
    # One connection for each endpoint of each pair is no waste.
    told["new_connections_percent"] = 100 * max(0, accepted - told["pairs"] * (many["endpoints"] + 64) - 64) / requests
    yield "dispatcher, one endpoint, all outcomes durable", one["ratio"], ">=", 0.65, "of a bare libcurl multi loop's rate", told
    yield "the same: CPU of all its threads", one["cpu_us"], "<=", 30, "µs a delivery", one
    yield f"{many['endpoints']:,} endpoints, a tenth of them failing", many["ratio"], ">=", 0.8, "of that rate", many
    yield "the same: connections beyond one for each endpoint", told["new_connections_percent"], "<=", 1, "% of deliveries", told


def host_figures(options):
    told = host.measure(options.quick, options.dir)
    yield "A/A nginx against itself", told["A/A"]["median"], None, None, "(control)", told["A/A"]
    yield "H1 standalone host, hold", told["H1 hold"]["median"], ">=", 0.40, "of nginx as plain proxy, one core each", told["H1 hold"]
    yield "H1 standalone host, async", told["H1 async"]["median"], ">=", 0.40, "of nginx as plain proxy, one core each", told["H1 async"]
    yield "standalone host, no hook matches", told["unmatched"]["median"], None, None, "of nginx as plain proxy", told["unmatched"]


def flow_figures(options):
    told = flow.measure(options.quick, options.dir)
    usual, double, most = (f"{rate:,}/s" for rate in told["rates"])
    e2 = told["E2 p50 / (fdatasync + POST)"]
    yield f"E2 capture to 2xx at {usual}, p50", e2["median"], "<=", 5, "× (fdatasync + one POST at that pace)", e2
    tight = told["E2 p50 / (fdatasync + POST in tight loops)"]
    yield "E2 the same against both in tight loops", tight["median"], None, None, "× (fdatasync + one POST)", tight
    yield "E2 the same", told["E2 p50 us"]["median"], None, None, "µs", told["E2 p50 us"]
    yield f"E2 capture to 2xx at {usual}, p99", told["E2 p99 ms"]["median"], "<=", 15, "ms", told["E2 p99 ms"]
    e3 = told["E3 p50 / fsync"]
    yield f"E3 10 ms more per fsync, {double}, p50", e3["median"], "<=", 4, "× fsync", e3
    yield "E3 backlog after the load", told["E3 backlog ms after the load"]["median"], None, None, "ms", told["E3 backlog ms after the load"]
    e4 = told["E4 cores"]
    yield f"E4 CPU at {usual}", e4["median"], None, None, "cores (host, store, delivery)", e4
    yield "E4 async with a linger of 1 ms", told["E4 linger"]["median"], "<=", 0.8, "× the CPU without", told["E4 linger"]
    one = told["E1"]
    yield f"E1 {most} (0.13 of nginx), backlog", one["drain_ms"], "<=", 100, "ms of deliveries left when the load ends", one
    yield f"Z1 ledger at {most}", one["delivered"] / one["acked"], ">=", 1, "delivered of acknowledged", one


def managed(options):
    told = lab.program("bench_managed", "--dir", options.dir)
    yield "100,000 subscriptions: an event nobody wants", told["nobody_us"], "<=", 20, "µs", told
    yield "100,000 subscriptions: an event for ten", told["ten_us"], "<=", 20, "µs", told
    yield "… with 1,000 of them changed since", told["overlaid_us"], "<=", 20, "µs", told
    yield "100,000 subscriptions: first page and count", told["first_page_ms"], "<=", 10, "ms", told
    yield "100,000 subscriptions: last page and count", told["last_page_ms"], "<=", 10, "ms", told
    yield "100,000 subscriptions: a page of the active ones and their count", told["active_page_ms"], "<=", 10, "ms", told
    yield "100,000 subscriptions: start until an event is expanded", told["start_ms"], "<=", 1000, "ms", told


PARTS = {"managed": managed, "judge": judge, "evaluate": evaluate, "shape": shape, "record": record, "store": store, "deliver": deliver,
         "dispatch": dispatch, "endpoints": endpoints, "host": host_figures, "flow": flow_figures, "nginx": ngx_figures.figures}


def text_of(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs: the order of magnitude")
    parser.add_argument("--json", metavar="FILE", help="write every figure there as well")
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="one part (repeatable)")
    options = parser.parse_args()
    everything, missed = {}, 0
    print("| figure | measured | floor | |\n|---|---|---|---|", flush=True)
    # On the disk the project lies on: a store in memory would say nothing.
    os.makedirs(lab.ROOT / "build", exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=lab.ROOT / "build") as folder:
        options.dir = folder
        os.chmod(folder, 0o755)
        for part in options.only or PARTS:
            for name, value, sign, floor, unit, details in PARTS[part](options):
                good = sign is None or (value >= floor if sign == ">=" else value <= floor)
                missed += not good
                wanted = "" if sign is None else f"{sign} {text_of(floor)}"
                print(f"| {name} | {text_of(value)} {unit} | {wanted} | {'' if good else 'missed'} |", flush=True)
                everything[name] = {"value": value, "floor": floor, "sign": sign, "unit": unit, "met": good, "details": details}
    print(f"\n{len(everything)} figures, {missed} miss their floor", file=sys.stderr)
    if options.json:
        Path(options.json).write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
