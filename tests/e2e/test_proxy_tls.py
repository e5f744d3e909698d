"""An upstream that speaks TLS: bytes arrive unchanged, and its certificate is judged."""

import hashlib
import os
import ssl
import subprocess

import pytest

from harness import Client, Upstream, request
from proxy import echo, proxy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-made certificate for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    return folder


def tls_server(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context


def test_https_upstream(certificate):
    seen = []
    context = tls_server(certificate)
    context.sni_callback = lambda connection, name, _: seen.append(name)
    with Upstream(echo, tls=context) as upstream:
        upstream.url = f"https://localhost:{upstream.port}"
        with proxy(upstream, upstream_ca_file=str(certificate / "cert.pem")) as host, Client(host.port) as client:
            for size in (3, 3_000_000, 0):
                body = os.urandom(size)
                client.send(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body)
                assert hashlib.sha256(client.reply("POST").body).digest() == hashlib.sha256(body).digest()
            assert seen == ["localhost"] and upstream.accepted == 1


@pytest.mark.parametrize("trust, name, verify, status", [(False, "localhost", True, 502), (True, "127.0.0.1", True, 502), (False, "127.0.0.1", False, 201)])
def test_https_upstream_is_verified(certificate, trust, name, verify, status):
    with Upstream(echo, tls=tls_server(certificate)) as upstream:
        upstream.url = f"https://{name}:{upstream.port}"
        settings = {"upstream_ca_file": str(certificate / "cert.pem")} if trust else {}
        with proxy(upstream, upstream_verify=verify, **settings) as host:
            assert request(host.port, "POST", "/orders", b"hi").status == status
            assert len(upstream.requests) == (1 if status == 201 else 0)
            if status == 502:
                assert "TLS" in host.logs()
