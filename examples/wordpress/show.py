"""Shows the verified deliveries of some topics out of what `trotline listen` printed; fails while one of them is missing.

Usage: show.py FILE TOPIC…
"""

import json
import sys

found = {}
for line in open(sys.argv[1], encoding="utf-8"):
    if not line.startswith("{"):
        continue
    delivery = json.loads(line)
    body = delivery.get("body")
    event = json.loads(body) if isinstance(body, str) else body
    if delivery.get("verified") is True:
        found[event["type"]] = (delivery, event)
if any(topic not in found for topic in sys.argv[2:]):
    sys.exit(1)
for topic in sys.argv[2:]:
    delivery, event = found[topic]
    headers = {name.lower(): value for name, value in (delivery["headers"].items() if isinstance(delivery["headers"], dict) else delivery["headers"])}
    print(f"{topic}: {event['subject']}, verified, webhook-id {headers['webhook-id']}, {headers['webhook-signature']}")
