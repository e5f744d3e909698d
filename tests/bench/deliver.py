#!/usr/bin/env python3
"""D1-D3: what a signed delivery costs, against wrk and a bare TLS client on the same sinks in the same run. Prints JSON.

Usage: deliver.py [--quick] [--build DIR] [--json FILE]

Starts nginx sinks on free loopback ports in a temporary directory. Runs come in interleaved pairs; a figure is the median of the pairs' ratios.
CPU time is compared, not the wall clock: other work on the machine then counts for little. A/A is wrk against wrk.

  d1  signed deliveries per core, one host, 64 in flight / wrk -t1 -c64 POST            floor 0.27
  d2  200 hosts, one at random, warm / d1's run; share of new connections               floor 0.45, < 3 %
  d3  CPU per new TLS connection with the system's CA bundle; bare OpenSSL beside it     floor <= 1.0 ms, no step > 2 ms
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log crit; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 60s; client_body_buffer_size 16k;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen {plain} backlog=4096; location / {{ return 204; }} }}
  server {{ listen {tls} ssl backlog=4096; keepalive_requests 1; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {dir}/leaf.pem; ssl_certificate_key {dir}/leaf.key; location / {{ return 204; }} }}
}}
"""

POST_LUA = """
wrk.method = "POST"
wrk.body = string.rep("x", 1024)
wrk.headers["Content-Type"] = "application/json"
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def certificates(folder):
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench CA")
    openssl("req", *curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=bench")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "san", "-out", "leaf.pem")
    (folder / "bundle.pem").write_text(Path(BUNDLE).read_text() + (folder / "ca.pem").read_text())


class Sinks:
    def __init__(self, folder):
        self.plain, self.tls = free_port(), free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(dir=folder, plain=self.plain, tls=self.tls, user=user))
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", conf])
        for port in (self.plain, self.tls):
            self.wait(port)

    def wait(self, port):
        for _ in range(200):
            if self.process.poll() is not None:
                sys.exit("deliver.py: nginx did not start")
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        sys.exit("deliver.py: nginx does not listen")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Bench:
    def __init__(self, build, folder, sinks, seconds):
        self.program, self.folder, self.sinks, self.seconds = build / "bench" / "bench_deliver", folder, sinks, seconds

    def wrk(self):
        """CPU microseconds of wrk for one POST."""
        command = ["wrk", "-t1", "-c64", f"-d{max(1, round(self.seconds))}s", "-s", str(self.folder / "post.lua"),
                   f"http://127.0.0.1:{self.sinks.plain}/"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        found = re.search(r"(\d+) requests in", out)
        if child.returncode != 0 or not found:
            sys.exit("deliver.py: wrk failed: " + out)
        return (usage.ru_utime + usage.ru_stime) * 1e6 / int(found.group(1))

    def deliver(self, *words, tls=False):
        url = f"https://127.0.0.1:{self.sinks.tls}/" if tls else f"http://127.0.0.1:{self.sinks.plain}/"
        command = [self.program, "--url", url, "--seconds", str(self.seconds), *words]
        if tls:
            command += ["--ca", str(self.folder / "bundle.pem")]
        result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        if result["failed"]:
            sys.exit(f"deliver.py: {result['failed']} deliveries failed: {command}")
        return result


def middle(values):
    return round(statistics.median(values), 3)


def measure(bench, pairs):
    rows = []
    for _ in range(pairs):
        one = {"wrk": bench.wrk(), "d1": bench.deliver(), "wrk2": bench.wrk(),
               "d2": bench.deliver("--hosts", "200"),
               "d3": bench.deliver("--inflight", "8", tls=True), "bare": bench.deliver("--bare-tls", tls=True)}
        rows.append(one)
    each = lambda name: [row[name]["cpu_us_each"] for row in rows]
    ratio = lambda over, under: middle([a / b for a, b in zip(over, under)])
    wrk = [(row["wrk"] + row["wrk2"]) / 2 for row in rows]
    return {
        "pairs": pairs,
        "aa_wrk": ratio([row["wrk"] for row in rows], [row["wrk2"] for row in rows]),
        "wrk_us": middle(wrk),
        "d1_us": middle(each("d1")),
        "d1_per_core": round(1e6 / middle(each("d1"))),
        "d1_of_wrk": ratio(wrk, each("d1")),
        "d2_us": middle(each("d2")),
        "d2_of_d1": ratio(each("d1"), each("d2")),
        "d2_new_connections": middle([row["d2"]["new_connections"] / row["d2"]["deliveries"] for row in rows]),
        "d3_ms": round(middle(each("d3")) / 1000, 3),
        "d3_bare_ms": round(middle(each("bare")) / 1000, 3),
        "d3_longest_step_ms": middle([row["d3"]["longest_step_ms"] for row in rows]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 pairs of 1 s instead of 5 of 3 s")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--json", help="write the result to this file, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trotline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificates(folder)
        (folder / "post.lua").write_text(POST_LUA)
        sinks = Sinks(folder)
        try:
            bench = Bench(Path(options.build), folder, sinks, 1 if options.quick else 3)
            result = measure(bench, 2 if options.quick else 5)
        finally:
            sinks.stop()
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
