"""Runs inside the network namespace of test_real_resolver: an authoritative name server on 127.0.0.53:53 and receivers on port 80 of every
address. What they saw goes to the file that is their argument, one JSON object a line. Ends with its parent."""

import json
import os
import socket
import struct
import sys
import threading
import time

FIRST = {}  # name: how many A queries it has had
NOTES = open(sys.argv[1], "a", encoding="utf-8", buffering=1)


def note(**what):
    NOTES.write(json.dumps(what) + "\n")


def addresses(name):
    """The A records of a name, now."""
    nth = FIRST[name] = FIRST.get(name, 0) + 1
    return {
        "rebind.test": ["93.184.216.34"] if nth == 1 else ["127.0.0.1"],
        "mixed.test": ["10.1.2.3", "93.184.216.35"],
        "alias.test": ["169.254.169.254"],
        "redirect.test": ["93.184.216.36"],
        "plain.test": ["93.184.216.37"],
    }.get(name)


def answer(query):
    number, flags, questions = struct.unpack(">HHH", query[:6])
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    name = ".".join(labels).lower()
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    found = addresses(name) if kind == 1 else []
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(each) for each in found or [])
    code = 3 if found is None else 0
    note(asked=name, kind=kind, told=found)
    return struct.pack(">HHHHHH", number, 0x8400 | (flags & 0x0100) | code, questions, len(found or []), 0, 0) + question + records


def names():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    note(ready=True)
    while True:
        query, peer = server.recvfrom(512)
        server.sendto(answer(query), peer)


def receive(connection):
    at = connection.getsockname()[0]
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more:
            return
        data += more
    note(came=at, host=next((line[6:].decode() for line in data.split(b"\r\n") if line.lower().startswith(b"host: ")), ""))
    status = {"93.184.216.36": b"307 Elsewhere\r\nLocation: http://127.0.0.1/admin", "93.184.216.37": b"200 Fine"}.get(at, b"503 Later")
    connection.sendall(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    connection.close()


def receivers():
    for port in (80, 3128):
        listener = socket.create_server(("0.0.0.0", port), backlog=64)
        threading.Thread(target=accept, args=(listener,), daemon=True).start()


def accept(listener):
    while True:
        threading.Thread(target=receive, args=(listener.accept()[0],), daemon=True).start()


PARENT = os.getppid()
receivers()
threading.Thread(target=names, daemon=True).start()
while os.getppid() == PARENT:
    time.sleep(0.2)
