"""Recorded traffic of real systems through `trotline explain`, against what the system's own webhooks delivered at the same time: name,
content and order.

tests/cases/traffic/NAME holds the exchanges, in the order of their names, and the deliveries, delivery-*.txt, in theirs. Of uploaded files
all but the first 64 bytes are cut out, and Content-Length says so; everything else is as it was on the wire.

A delivery is observable when the exchange that set it off shows that it happened and what it is about. Where Trotline's event carries
something else than Cockpit's on purpose, SYSTEMS names it, with the reason; what is named there and does not occur is a mistake as well.
"""

import json
from dataclasses import dataclass, field

import pytest
from cli import said
from harness import CASES, ROOT, trotline


@dataclass
class Difference:
    """Of the events of some topics: how ours may differ from the delivery. `alike` tells whether it differs in this way only."""

    topics: tuple
    reason: str
    alike: object  # (native, ours) -> bool
    exchanges: tuple = ()  # of these only

    def concerns(self, topic, exchange):
        return topic in self.topics and (not self.exchanges or exchange in self.exchanges)


@dataclass
class System:
    dialect: str
    options: str  # those that make it as talkative as the recorded system
    read: object  # (bytes of a delivery) -> (topic, content)
    unseen: dict  # topic, or (topic, exchange): why no proxy can see it
    differences: list
    beside: dict  # topics for which the recorded system had no webhook: why they are right
    quiet: tuple  # exchanges that changed nothing: reads, failures, no-ops
    refused: tuple = field(default=())  # of these, those that the system itself reports


def within(ours, native):
    """Ours has nothing but what is in the native one, though not all of its members."""
    if isinstance(ours, dict) and isinstance(native, dict):
        return all(key in native and within(value, native[key]) for key, value in ours.items())
    if isinstance(ours, list) and isinstance(native, list):
        return len(ours) == len(native) and all(map(within, ours, native))
    return type(ours) is type(native) and ours == native


def without(value, *names):
    if isinstance(value, list):
        return [without(one, *names) for one in value]
    if isinstance(value, dict):
        return {key: without(one, *names) for key, one in value.items() if key not in names}
    return value


def cockpit_delivery(raw):
    body = json.loads(raw.partition(b"\r\n\r\n")[2])
    return body["event"], body["args"]


COCKPIT_ROOT = "/srv/www/cms/cockpit1"  # of the recorded server


def cockpit_paths(native, ours):
    """Absolute paths are ours, below a root that we do not know: upload [[name], failed, folder], rename [path, name], removefiles [[path]]."""
    if len(ours) == 3:
        ours = [[f"/{ours[2].strip('/')}/{name}" for name in ours[0]], ours[1]]
    elif len(ours) == 2:
        ours = [ours[0], ours[0].rpartition("/")[0] + "/" + ours[1]]
    return native == json.loads(json.dumps(ours).replace('"/', f'"{COCKPIT_ROOT}/'))


SYSTEMS = {
    "cockpit1": System(
        dialect="cockpit",
        options="reads = true\nrefused = true\n",
        read=cockpit_delivery,
        unseen={
            "cockpit.rest.init": "PHP's start of any API request, with the names of PHP classes",
            ("collections.find.after", "35-admin-delete_entries"): "what the backend reads before it deletes is in no answer",
        },
        differences=[
            Difference(
                ("collections.save.before", "forms.save.before", "singleton.saveData.before"),
                "before: what the request sent, without what Cockpit adds (_by, _modified, _created, empty fields)",
                lambda native, ours: within(ours, native),
            ),
            Difference(
                ("singleton.getData.after", "singleton.saveData.after", "singleton.remove", "forms.submit.after"),
                "the exchange shows the name of the singleton or form only, not its definition",
                lambda native, ours: within(ours, native),
            ),
            Difference(
                ("forms.save.after",),
                "the answer to a form holds what was sent in, not the entry's _id and dates",
                lambda native, ours: within(ours, native),
            ),
            Difference(
                ("cockpit.assets.save",),
                "ours carry the _id, which Cockpit's are sent without",
                lambda native, ours: without(ours, "_id") == native,
            ),
            Difference(
                ("cockpit.accounts.save",),
                "ours carry the _id, and never the password's hash",
                lambda native, ours: without(ours, "_id") == without(native, "password"),
            ),
            Difference(
                ("cockpit.media.upload", "cockpit.media.rename", "cockpit.media.removefiles"),
                "paths in the site, never those of the server",
                cockpit_paths,
            ),
            Difference(
                ("cockpit.api.authenticate",),
                "the token that was tried never leaves; of the rest, query.path says it all",
                lambda native, ours: within(ours, native) and "token" not in json.dumps(ours),
            ),
            Difference(
                ("collections.remove.after",),
                "the backend's answer, 1, does not say how many",
                lambda native, ours: ours == [native[0], None],
                ("35-admin-delete_entries",),
            ),
        ],
        beside={
            "collections.save.before.posts": "with a name behind it",
            "collections.find.before": "before a read",
            "collections.find.before.posts": "before a read, with a name behind it",
            "collections.find.after.posts": "with a name behind it",
            "collections.remove.before.posts": "with a name behind it",
            "collections.remove.after.posts": "with a name behind it",
            "collections.updatecollection.posts": "with a name behind it",
            "collections.removecollection.posts": "with a name behind it",
            "singleton.getData.after.settings": "with a name behind it",
            "singleton.save.before": "fires with singleton.save.after",
            "singleton.save.before.footer": "with a name behind it",
            "singleton.save.after.footer": "with a name behind it",
            "singleton.saveData.before.footer": "with a name behind it",
            "singleton.saveData.after.footer": "with a name behind it",
            "singleton.remove.footer": "with a name behind it",
            "forms.submit.before": "fires with forms.submit.after",
            "forms.save.before.contact": "with a name behind it",
            "forms.save.after.contact": "with a name behind it",
            "cockpit.asset.save": "fires for each asset of cockpit.assets.save, and for an update",
        },
        quiet=(
            "08-entries-read-by-POST",
            "09-entry-save-missing-collection-412",
            "10-entry-save-no-data",
            "11-entry-save-badtoken-401",
            "18-assets-list",
            "21-form-submit-missing",
            "22-singleton-get",
            "24-user-auth-200",
            "25-user-auth-401",
            "26-admin-login",
            "28-admin-call-forms-saveForm",
            "40-admin-webhooks-save",
        ),
        refused=("08-entries-read-by-POST", "11-entry-save-badtoken-401", "18-assets-list", "22-singleton-get"),
    ),
}


def explained(name, options, folder, traffic=None):
    """(exchange, topic, content) of every event, in order."""
    config = folder / "trotline.toml"
    config.write_text(f'dialects = ["{SYSTEMS[name].dialect}"]\n[dialect.{SYSTEMS[name].dialect}]\n{options}')
    requests = sorted((traffic or CASES / "traffic" / name).glob("*.req"))
    assert requests, f"no traffic of {name}"
    arguments = [word for request in requests for word in ("--exchange", request, request.with_suffix(".res"))]
    lines = said(trotline("explain", "-c", config, *arguments), 0).splitlines()
    assert len(lines) == len(requests)
    return [(request.stem, event["topic"], event["payload"])
            for request, line in zip(requests, lines) for event in json.loads(line)["events"]]


def observable(name, events):
    """The deliveries that a proxy can see, and how many there are in all. Which exchange set off one that it cannot see is told by what was
    delivered around it: in the whole sequence it stands just before the next event of that exchange."""
    system = SYSTEMS[name]
    deliveries = [system.read(path.read_bytes()) for path in sorted((CASES / "traffic" / name).glob("delivery-*.txt"))]
    subscribed = {topic for topic, _ in deliveries}
    ours = [event for event in events if event[1] in subscribed]
    seen, hidden = [], set()
    for topic, content in deliveries:
        here = ours[len(seen)][0] if len(seen) < len(ours) else None
        key = topic if topic in system.unseen else (topic, here)
        expected = len(seen) < len(ours) and ours[len(seen)][1] == topic
        if key in system.unseen and not expected:
            hidden.add(key)
        else:
            seen.append((topic, content))
    assert hidden == set(system.unseen), "what is named as unseen was seen, or never delivered"
    return seen, ours, len(deliveries)


@pytest.fixture(params=sorted(SYSTEMS))
def name(request):
    return request.param


def test_events_are_what_the_system_delivered(name, tmp_path):
    system = SYSTEMS[name]
    seen, ours, count = observable(name, explained(name, system.options, tmp_path))
    assert [topic for _, topic, _ in ours] == [topic for topic, _ in seen]
    same, used = 0, []
    for (topic, native), (exchange, _, content) in zip(seen, ours):
        if content == native:
            same += 1
            continue
        differences = [one for one in system.differences if one.concerns(topic, exchange)]
        assert differences, f"{exchange}: {topic} is {json.dumps(content)}, {name} sent {json.dumps(native)}"
        assert differences[0].alike(native, content), f"{exchange}: {topic} is {json.dumps(content)}, {name} sent {json.dumps(native)}"
        used.append(differences[0])
    assert all(one in used for one in system.differences), "a difference is named that does not occur"
    figure = f"| {name} | {count} | {len(seen)} | {len(ours)} | {same} |"
    print(figure)
    assert figure in (ROOT / "README.md").read_text(encoding="utf-8"), f"README.md has another figure than {figure}"


def test_nothing_else_is_made(name, tmp_path):
    system = SYSTEMS[name]
    events = explained(name, system.options, tmp_path)
    _, ours, _ = observable(name, events)
    others = {topic for _, topic, _ in events} - {topic for _, topic, _ in ours}
    assert others == set(system.beside)


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
    assert explained(name, options, tmp_path, tmp_path) == []
    there = explained(name, options + '[capture]\nstrip_prefix = ["/a/site"]\n', tmp_path, tmp_path)
    assert there == explained(name, options, tmp_path)


def test_no_secret_and_no_path_of_the_server_leaves(name, tmp_path):
    told = json.dumps(explained(name, SYSTEMS[name].options, tmp_path))
    for secret in ("labtoken", "wrong", "$2y$", "test-pass", COCKPIT_ROOT):
        assert secret not in told
