"""What the tests of the management APIs share: a host with [[api]] tables, and questions to it that are answered as JSON."""

import json

from harness import request, toml


def api_table(name, dialect, keys, tenant="", more=""):
    """keys: {name: (secret, permission)}, or {name: (id, secret, permission)}."""
    out = f"\n[[api]]\nname = {toml(name)}\ndialect = {toml(dialect)}\n" + (f"tenant = {toml(tenant)}\n" if tenant else "") + more + "\n"
    for key, (*half, secret, permission) in keys.items():
        out += f"[[api.key]]\nname = {toml(key)}\n" + "".join(f"id = {toml(each)}\n" for each in half)
        out += f"secret = {{ env = {toml(env_name(secret))} }}\npermission = {toml(permission)}\n"
    return out


def env_name(secret):
    return "SECRET_" + secret.encode().hex()


def env_of(*secrets):
    """The environment in which api_table's secrets are found."""
    return {env_name(secret): secret for secret in secrets}


def admin_table(folder, port):
    (folder / "admin.token").write_text("0123456789abcdef0123456789abcdef\n")
    return f"\n[admin]\nlisten = \"127.0.0.1:{port}\"\ntoken_file = {toml(folder / 'admin.token')}\n"


def ask(port, method, target, body=None, headers=()):
    """(status, parsed JSON, reply). A body that is no bytes or text is sent as JSON."""
    headers = list(headers.items() if isinstance(headers, dict) else headers)
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.append(("Content-Type", "application/json"))
    reply = request(port, method, target, body, headers)
    return reply.status, json.loads(reply.body) if reply.body else None, reply
