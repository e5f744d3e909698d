"""Shows the lines of `trotline listen` to people: what was delivered, signed how, and whether it verified."""

import json
import sys


def show(line):
    got = json.loads(line)
    headers = {name.lower(): value for name, value in got["headers"].items()}
    print(f"\n  {got['method']} {got['path']}")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type"):
        if name in headers:
            print(f"  {name}: {headers[name]}")
    body = got["body"] if got["body"] is not None else got["body_base64"]
    print(f"\n  {body if len(body) <= 2000 else body[:2000] + ' …'}\n")
    print(f"  verified: {json.dumps(got['verified'])} ({got['why']})", flush=True)


for each in sys.stdin:
    show(each)
