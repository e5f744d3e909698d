"""What the proxy's tests share: a configuration that captures /orders and /orders/{id}, and the access log taken apart."""

import re

from harness import Trotline, Upstream, response, wait_until

LINE = re.compile(r'^(?P<peer>\S+) - - \[[^]]+\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d+) (?P<bytes>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" '
                  r'rt=(?P<rt>[\d.]+) hold=(?P<hold>\S+) events=(?P<events>\S+)$')

HOOK = """
[[hook]]
topic = "order.changed"
match = "* /orders"
status = "2xx"

[[hook]]
topic = "order.changed"
match = "* /orders/{id}"
status = "2xx"
"""


class Proxy(Trotline):
    def wait_ready(self, deadline=15.0):
        """The port is open before the store is; a slow store must not count as a slow answer."""
        super().wait_ready(deadline)
        wait_until(lambda: "listening on" in self.logs(), 30, self.logs)


def proxy(upstream, *, config="", store="", env=None, wrap=(), **standalone):
    """A Trotline in front of `upstream` with an access log; keys of [standalone] as arguments."""
    standalone.setdefault("access_log", "@DIR@/access.log")
    text = HOOK + config + f'\n[store]\nurl = "sqlite:@STORE@"\n{store}\n'
    host = Proxy(env=env, wrap=wrap)
    standalone = {key: value.replace("@DIR@", str(host.dir)) if isinstance(value, str) else value for key, value in standalone.items()}
    host.configure(text, upstream=upstream.url, standalone=standalone)
    return host


def access(host):
    """The access log's lines as dictionaries."""
    file = host.dir / "access.log"
    text = file.read_text(encoding="ascii") if file.exists() else ""
    lines = [LINE.match(line) for line in text.splitlines()]
    assert all(lines), f"not in the format: {text}"
    return [line.groupdict() for line in lines]


def access_line(host, request, deadline=10):
    """The first line of a request such as "POST /orders", as soon as it is there."""
    def find():
        return next((line for line in access(host) if line["request"].startswith(request + " ")), None)
    return wait_until(find, deadline, lambda: f"a line of {request} in {access(host)}\n{host.logs()}")


def echo(got):
    """An upstream's answer: 201 and what it got."""
    return response(201, got.body, [("Content-Type", "application/octet-stream")], "Created")


def scripted(raw, close=False):
    """An upstream that answers every request with these bytes."""
    return Upstream(lambda _: (raw, "close") if close else raw)
