"""The same promise whatever nginx speaks to the application: proxy over TLS, fastcgi, uwsgi, scgi, grpc."""

import json
import ssl
import subprocess
import threading

import pytest
from backends import FastCgi, Scgi, Uwsgi, gated
from harness import Client, Upstream, response, wait_until
from shopping import JSON, orders, post
from test_hold import gone, leave

pytestmark = pytest.mark.sanitized
ORDER = b'{"id":77,"state":"new"}'
PRINTED = b"Status: 201 Created\r\nContent-Type: application/json\r\n\r\n" + ORDER
CGI = {"fastcgi": FastCgi, "scgi": Scgi, "uwsgi": Uwsgi}


def location(kind):
    parameters = "".join(f"{kind}_param {name} ${value};\n" for name, value in (
        ("REQUEST_METHOD", "request_method"), ("REQUEST_URI", "request_uri"), ("CONTENT_LENGTH", "content_length")))
    return f"location / {{ {parameters} {kind}_pass @UPSTREAM@; }}"


@pytest.mark.parametrize("kind", CGI)
def test_a_change_is_captured(site, kind):
    with CGI[kind](lambda _: PRINTED) as backend, site(location(kind), upstream=backend) as host, Client(host.port) as client:
        reply = client.send(post(1)).reply()
        assert reply.status == 201 and reply.body == ORDER and backend.bodies == [b'{"id":1}']
        assert client.send(post(2, "/carts")).reply().status == 201
        event, = host.recorded()
        assert event["resource_id"] == "77" and event["flags"] == 0 and json.loads(event["payload"]) == json.loads(ORDER)


@pytest.mark.parametrize("kind", CGI)
def test_a_client_that_leaves_keeps_its_event(site, kind):
    backend, come, go = gated(CGI[kind], PRINTED)
    with backend, site(location(kind), upstream=backend) as host:
        client = Client(host.port).send(post(1))
        assert come.wait(10)
        leave(client, "reset")
        wait_until(lambda: gone(host, client.port), what="nginx to hear of it")
        go.set()
        event, = host.recorded()
        assert event["resource_id"] == "77" and event["flags"] == 0


# The second server of the same nginx speaks HTTP/2 and passes on to the scripted upstream.
GRPC = "location / { grpc_pass grpc://127.0.0.1:@PORT2@; }"
BEHIND = "server { listen 127.0.0.1:@PORT2@ http2; location / { trotline off; proxy_pass http://@UPSTREAM@; } }"


def test_a_change_through_grpc_is_captured(site, shop):
    with site(GRPC, http=BEHIND, upstream=shop) as host, Client(host.port) as client:
        assert client.send(post(5)).reply().status == 201
        event, = host.recorded()
        assert event["resource_id"] == "5" and event["flags"] == 0


def test_a_client_of_grpc_that_leaves_keeps_its_event(site):
    come, go = threading.Event(), threading.Event()

    def answer(request):
        come.set()
        go.wait(20)
        return orders(request)

    with Upstream(answer) as upstream, site(GRPC, http=BEHIND, upstream=upstream) as host:
        client = Client(host.port).send(post(6))
        assert come.wait(10)
        leave(client, "reset")
        wait_until(lambda: gone(host, client.port), what="nginx to hear of it")
        go.set()
        event, = host.recorded()
        assert event["resource_id"] == "6" and event["flags"] == 0


def test_an_upstream_that_speaks_tls(site, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    large = json.dumps({"id": 8, "note": "n" * 300_000}).encode()
    with Upstream(lambda _: response(201, large, JSON), tls=context) as upstream, \
            site("location / { proxy_pass https://@UPSTREAM@; }", upstream=upstream) as host, Client(host.port) as client:
        for _ in range(2):
            assert client.send(post(8)).reply().body == large
        assert [event["resource_id"] for event in host.recorded()] == ["8", "8"]
