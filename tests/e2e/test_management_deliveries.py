"""From a system's own management API to the delivery of a change in its own traffic, on the standalone host."""

import json

import pytest
from harness import Sink, Trotline, Upstream, trotline, wait_until
from webhooks_of import CANARIES, WEBHOOKS

pytestmark = pytest.mark.sanitized


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda webhook: webhook.dialect)
def test_from_api_to_delivery(webhook, tmp_path):
    with Upstream(webhook.upstream()) as upstream, Sink() as sink, Trotline(
            webhook.config(), upstream=upstream.url, standalone={"access_log": str(tmp_path / "access")}) as host:
        made = webhook.make(host.port, sink.url)
        sink.wait(webhook.first)
        if webhook.dialect == "shareactor":  # it is asked to confirm first; its answer must be on disk
            wait_until(lambda: "has confirmed" in host.logs(), 10, "the confirmation")
        webhook.set_off(host.port)
        got = sink.wait(webhook.first + 1)[-1]
        webhook.verify(got, made)
        assert not [one for one in upstream.requests if "webhooks" in one.target]
        host.stop()
        told = (tmp_path / "access").read_text() + host.logs()
        for what in ("subscriptions", "deliveries", "attempts", "events", "status"):
            told += trotline(what, "--json", "--store", host.store).stdout
        events = trotline("events", "--json", "--store", host.store).stdout.splitlines()
        told += "".join(trotline("events", json.loads(one)["id"], "--store", host.store).stdout for one in events)
        secrets = [*CANARIES, *([made["secret"]] if "secret" in made else [])]
        assert events and not [secret for secret in secrets if secret in told], told
