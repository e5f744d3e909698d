"""The parts of the experiments on promises, as small processes that leave a record of the truth.

upstream LOG   a shop: POST /orders with {"n": N} makes the order and writes N to LOG before it answers 201
sink LOG       a webhook receiver: writes one JSON line for each delivery to LOG before it answers 200

Started as `shop.py ROLE LOG`, each prints its port. A Load sends orders and keeps what was acknowledged; a Lab judges.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def read_message(connection, data):
    """Head lines and body of the next message on a socket; (None, …) at its end."""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, b"", b""
        data += more
    head, _, data = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
        if name.lower() == "transfer-encoding":
            raise ValueError("the promises' parts speak Content-Length only")
    while len(data) < length:
        more = connection.recv(65536)
        if not more:
            return None, b"", b""
        data += more
    return lines, data[:length], data[length:]


def serve_upstream(connection, log):
    data = b""
    while True:
        lines, body, data = read_message(connection, data)
        if lines is None:
            return
        order = json.loads(body)["n"] if body else 0
        os.write(log, b"%d\n" % order)  # O_APPEND: one line is one write
        answer = b'{"id":%d,"state":"new","items":["a","b"]}' % order
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


def serve_sink(connection, log):
    data = b""
    while True:
        lines, body, data = read_message(connection, data)
        if lines is None:
            return
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        line = {"id": next((value.split(": ", 1)[1] for value in lines if value.lower().startswith("webhook-id: ")), None),
                "timestamp": headers.get("webhook-timestamp"), "body": body.decode("utf-8"), "path": lines[0].split(" ")[1],
                "signature": next((value.split(": ", 1)[1] for value in lines if value.lower().startswith("webhook-signature: ")), None)}
        os.write(log, json.dumps(line).encode() + b"\n")
        if lines[0].split(" ")[1].startswith("/never"):
            while connection.recv(4096):  # it never answers; the other side ends it
                pass
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def quietly(serve, connection, log):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        serve(connection, log)
    except OSError:
        pass  # the other side was killed: that is the experiment
    finally:
        connection.close()


def main(role, log_path):
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    serve = {"upstream": serve_upstream, "sink": serve_sink}[role]
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=quietly, args=(serve, connection, log), daemon=True).start()


class Part:
    def __init__(self, role, log):
        self.role, self.log = role, Path(log)

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, __file__, self.role, str(self.log)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def lines(self):
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


class Load:
    """Threads that send orders 1, 2, 3, … over keep-alive connections until stopped; `acked` holds those answered 201."""

    def __init__(self, port, first=1, threads=8, total=None):
        self.port, self.next, self.total = port, first, total
        self.lock = threading.Lock()
        self.acked, self.failed = set(), []
        self.stopping = False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping = True
        return self.join()

    def join(self):
        for thread in self.threads:
            thread.join(30)
        return self

    def _number(self):
        with self.lock:
            if self.total is not None and self.total <= 0:
                return None
            if self.total is not None:
                self.total -= 1
            self.next += 1
            return self.next - 1

    def _run(self):
        connection, data = None, b""
        while not self.stopping:
            number = self._number()
            if number is None:
                break
            try:
                if connection is None:
                    connection, data = socket.create_connection(("127.0.0.1", self.port), timeout=30), b""
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                body = b'{"n":%d}' % number
                connection.sendall(b"POST /orders HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                lines, _, data = read_message(connection, data)
                if lines is None:
                    raise ConnectionError("closed")
                if lines[0].split(" ")[1] == "201":
                    with self.lock:
                        self.acked.add(number)
                else:
                    with self.lock:
                        self.failed.append((number, lines[0]))
            except OSError as error:
                with self.lock:
                    self.failed.append((number, str(error)))
                if connection is not None:
                    connection.close()
                connection = None
                if isinstance(error, ConnectionRefusedError):
                    time.sleep(0.01)  # it is being restarted: the pause between two tries, so that they do not spin
        if connection is not None:
            connection.close()


class Lab:
    def __init__(self, upstream, sink):
        self.upstream, self.sink = upstream, sink

    def config(self, store_keys="", hook_keys="", subscription_keys=""):
        return f"""
[store]
url = "sqlite:@STORE@"
{store_keys}

[egress]
allow = ["127.0.0.1/32"]

[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
{hook_keys}

[[subscription]]
name = "sink"
topics = ["order.*"]
url = "{self.sink.url}/hook"
secret = "{SECRET}"
schedule = ["100ms", "200ms", "500ms", "1s", "1s", "1s", "2s", "2s", "5s"]
{subscription_keys}
"""

    def done(self):
        return {int(line) for line in self.upstream.lines()}

    def deliveries(self):
        return [json.loads(line) for line in self.sink.lines()]

    def delivered(self):
        return {json.loads(each["body"])["data"]["id"] for each in self.deliveries()}

    def judge(self, acked):
        """Nothing lost, nothing invented, every duplicate with the same id and bytes. Deliveries have drained before."""
        deliveries = self.deliveries()
        by_order, by_id = {}, {}
        for each in deliveries:
            order = json.loads(each["body"])["data"]["id"]
            by_order.setdefault(order, set()).add(each["id"])
            by_id.setdefault(each["id"], set()).add(each["body"])
        lost = sorted(acked - by_order.keys())
        invented = sorted(by_order.keys() - self.done())
        twice = {order: ids for order, ids in by_order.items() if len(ids) > 1}
        changed = [one for one, bodies in by_id.items() if len(bodies) > 1]
        return {"lost": lost, "invented": invented, "twice": twice, "changed": changed, "deliveries": len(deliveries)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
