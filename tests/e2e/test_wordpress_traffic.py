"""Every recorded exchange of WordPress through `trotline explain`, byte for byte as it was on the wire: chunked, gzip, HTTP/1.0, multipart.
WordPress has no webhooks of its own to compare with; what is right is what tests/cases/dialects.jsonl says, and here for the others."""

import json

from cli import said
from harness import CASES, trotline

# What stands in no table of cases: forms, uploads, and how an answer may come.
BESIDES = {
    "05-post-update-form": ["post.updated 4"],
    "10-post-update-chunked": ["post.updated 4"],
    "16-post-publish-draft": ["post.updated 13"],
    "20-post-create-badparam-400": [],
    "21-post-create-badjson-400": [],
    "28-media-upload-multipart-jpeg": ["media.created 17"],
    "46-xmlrpc-fault-200": [],
    "47-post-create-201-not-compressed": ["post.created 89"],
    "48-post-create-http10": ["post.created 91"],
    "54-post-update-gzip": ["post.updated 1"],
}
SECRETS = ("YWRtaW46", "admin-test-pass", "application-password")


def test_every_exchange_as_it_was(tmp_path):
    lines = (CASES / "dialects.jsonl").read_text(encoding="utf-8").splitlines()
    cases = {case["name"].removeprefix("wordpress/"): case["events"] for case in map(json.loads, lines) if case["name"].startswith("wordpress/")}
    (tmp_path / "t.toml").write_text('dialects = ["wordpress"]\n')
    requests = sorted((CASES / "traffic" / "wordpress").glob("*.req"))
    arguments = [word for request in requests for word in ("--exchange", request, request.with_suffix(".res"))]
    told = said(trotline("explain", "-c", tmp_path / "t.toml", *arguments), 0)
    got = {request.stem: [f"{event['topic']} {event['resource_id']}" for event in json.loads(line)["events"]]
           for request, line in zip(requests, told.splitlines())}
    assert got == cases | BESIDES
    assert len(got) == 54
    assert not any(secret in told for secret in SECRETS)
