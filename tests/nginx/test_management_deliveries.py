"""From a system's own management API to the delivery of a change in its own traffic, inside of nginx with one and with two workers."""

import pytest
from harness import Upstream, wait_until
from webhooks_of import WEBHOOKS

SERVER = r"""location / { proxy_pass http://@UPSTREAM@; }
            location ~ ^(/wc-api/v2|/v1/bucket)?/webhooks { trotline_manage; }"""


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda webhook: webhook.dialect)
def test_from_api_to_delivery(site, sink, webhook):
    with Upstream(webhook.upstream()) as upstream, site(SERVER, upstream=upstream, config=webhook.config('[store]\nurl = "sqlite:@STORE@"')) as host:
        made = webhook.make(host.port, sink.url)
        sink.wait(webhook.first)
        if webhook.dialect == "shareactor":
            wait_until(lambda: "has confirmed" in host.logs(), 10, "the confirmation")
        webhook.set_off(host.port)
        webhook.verify(sink.wait(webhook.first + 1)[-1], made)
        assert not [one for one in upstream.requests if "webhooks" in one.target]
