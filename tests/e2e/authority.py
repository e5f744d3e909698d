"""Certificates made with openssl for tests: an authority, what it signs, and servers that show it."""

import base64
import hashlib
import ssl
import subprocess


def run(*args, stdin=None):
    return subprocess.run(["openssl", *map(str, args)], input=stdin, check=True, capture_output=True).stdout


class Authority:
    """A private CA in a folder. .file is its certificate."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out", self.file)

    def sign(self, name, san="IP:127.0.0.1", days=90):
        """Certificate and key files of a leaf; a negative number of days makes one that is over."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extension = self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={san}\nbasicConstraints=critical,CA:FALSE\n")
        run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", days, "-extfile", extension, "-out", certificate)
        key.chmod(0o600)
        return certificate, key


def server(certificate, key, clients=None):
    """The server's side; `clients`: the authority whose certificates it asks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)
    return context


def pin(certificate):
    public = run("x509", "-in", certificate, "-noout", "-pubkey")
    der = run("pkey", "-pubin", "-outform", "der", stdin=public)
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
