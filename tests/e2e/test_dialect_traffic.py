"""Recorded traffic of real systems through `trotline explain`, against what the system's own webhooks delivered at the same time: name,
content and order.

tests/cases/traffic/NAME holds the exchanges, in the order of their names, and the deliveries, delivery-*.txt, in theirs. Of uploaded files
all but the first 64 bytes are cut out, and Content-Length says so; everything else is as it was on the wire.

A delivery is observable when the exchange that set it off shows that it happened and what it is about. Where Trotline's event carries
something else than the system's on purpose, traffic_*.py names it, with the reason; what is named there and does not occur is a mistake as
well.
"""

import json
from collections import defaultdict, deque

import pytest
from cli import said
from harness import CASES, ROOT, trotline
from traffic_cockpit import COCKPIT
from traffic_woocommerce import FRONT, WOOCOMMERCE

SYSTEMS = {"cockpit1": COCKPIT, "woocommerce": WOOCOMMERCE, "woocommerce-front": FRONT}


def explained(name, options, folder, traffic=None):
    """(exchange, topic, content) of every event, in order."""
    system = SYSTEMS[name]
    config = folder / "trotline.toml"
    config.write_text(f'dialects = ["{system.dialect}"]\n[dialect.{system.dialect}]\n{options}')
    requests = sorted((traffic or CASES / "traffic" / name).glob("*.req"))
    assert requests, f"no traffic of {name}"
    arguments = [word for request in requests for word in ("--exchange", request, request.with_suffix(".res"))]
    lines = said(trotline("explain", "-c", config, *arguments), 0).splitlines()
    assert len(lines) == len(requests)
    return [(request.stem, topic, system.known(event["payload"]))
            for request, line in zip(requests, lines) for event in json.loads(line)["events"]
            for topic in system.again.get(event["topic"], (event["topic"],))]


def paired(name, events):
    """Each delivery that a proxy can see with our event, or None; how many it could see besides, how many deliveries there are in all, and
    our events that none stands beside. Which exchange set off one that it cannot see is told by what was delivered around it: in the whole
    lane it stands just before the next event of that exchange."""
    system = SYSTEMS[name]
    deliveries = [system.read(path.read_bytes()) for path in sorted((CASES / "traffic" / name).glob("delivery-*.txt"))]
    subscribed = {topic for topic, _ in deliveries}
    lanes = defaultdict(deque)
    for event in events:
        if event[1] in subscribed and event[0] not in system.later:
            lanes[system.lane(*event[1:])].append(event)
    pairs, hidden = [], []
    for topic, content in deliveries:
        lane = system.lane(topic, content)
        ahead = lanes[lane]
        named = [key for key in (topic, (topic, ahead[0][0] if ahead else None), (topic, lane)) if key in system.unseen | system.missed]
        expected = bool(ahead) and ahead[0][1] == topic
        if named and not expected:
            hidden.append(named[0])
        else:
            pairs.append(((topic, content), ahead.popleft() if expected else None))
    assert set(hidden) == set(system.unseen | system.missed), "what is named as unseen was seen, or never delivered"
    return pairs, sum(key in system.missed for key in hidden), len(deliveries), [event for lane in lanes.values() for event in lane]


@pytest.fixture(params=sorted(SYSTEMS))
def name(request):
    return request.param


def test_events_are_what_the_system_delivered(name, tmp_path):
    system = SYSTEMS[name]
    pairs, missed, count, alone = paired(name, explained(name, system.options, tmp_path))
    strange = [delivery for delivery, event in pairs if not event]
    assert not strange, f"{name} sent {json.dumps(strange[0])}, and ours, if any, is not in this place"
    assert not alone, f"{alone[0][0]}: {alone[0][1]} is {json.dumps(alone[0][2])}, which {name} did not send"
    exchanges = [exchange for _, (exchange, _, _) in pairs]
    assert exchanges == sorted(exchanges), "deliveries of an exchange come after those of a later one"
    same, used = 0, []
    for (topic, native), (exchange, _, content) in pairs:
        if content == native:
            same += 1
            continue
        differences = [one for one in system.differences if one.concerns(topic, exchange)]
        assert differences, f"{exchange}: {topic} is {json.dumps(content)}, {name} sent {json.dumps(native)}"
        assert differences[0].alike(native, content), f"{exchange}: {topic} is {json.dumps(content)}, {name} sent {json.dumps(native)}"
        used.append(differences[0])
    assert all(one in used for one in system.differences), "a difference is named that does not occur"
    figure = f"| {name} | {count} | {len(pairs) + missed} | {len(pairs)} | {same} |"
    print(figure)
    assert figure in (ROOT / "README.md").read_text(encoding="utf-8"), f"README.md has another figure than {figure}"


def test_nothing_else_is_made(name, tmp_path):
    system = SYSTEMS[name]
    events = explained(name, system.options, tmp_path)
    delivered = {delivery[0] for delivery, _ in paired(name, events)[0]}
    assert {topic for _, topic, _ in events} - delivered == set(system.beside)


def test_what_was_changed_last_is_told_as_well(name, tmp_path):
    system = SYSTEMS[name]
    told = {exchange: [] for exchange in system.later}
    for exchange, topic, content in explained(name, system.options, tmp_path):
        if exchange in told and not topic.startswith("legacy-"):
            told[exchange].append((topic, content["id"]))
    assert told == system.later


def test_what_changed_nothing_makes_nothing(name, tmp_path):
    system = SYSTEMS[name]
    assert [event for event in explained(name, "", tmp_path) if event[0] in system.quiet] == []
    talkative = {event[0] for event in explained(name, system.options, tmp_path)}
    assert talkative & set(system.quiet) == set(system.refused)


def test_in_a_sub_directory_it_is_the_same(name, tmp_path):
    for path in (CASES / "traffic" / name).glob("*.re[qs]"):
        method, _, rest = path.read_bytes().partition(b" ")
        moved = method + b" /a/site" + rest if path.suffix == ".req" else path.read_bytes()
        (tmp_path / path.name).write_bytes(moved)
    options = SYSTEMS[name].options
    assert {event[0] for event in explained(name, options, tmp_path, tmp_path)} == set(SYSTEMS[name].anywhere)
    there = explained(name, options + '[capture]\nstrip_prefix = ["/a/site"]\n', tmp_path, tmp_path)
    assert there == explained(name, options, tmp_path)


def test_no_secret_and_no_path_of_the_server_leaves(name, tmp_path):
    told = json.dumps(explained(name, SYSTEMS[name].options, tmp_path))
    for secret in SYSTEMS[name].secrets:
        assert secret not in told
