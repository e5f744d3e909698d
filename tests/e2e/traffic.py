"""What the modules traffic_*.py say of the recorded systems: what each delivered itself, and where Trotline's events differ."""

from dataclasses import dataclass, field


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
    unseen: dict  # topic, (topic, exchange) or (topic, lane): why no proxy can see it
    differences: list
    secrets: tuple  # what stands in the traffic and in no event
    beside: dict  # topics for which the recorded system had no webhook: why they are right
    quiet: tuple  # exchanges that changed nothing that the system has topics for: reads, failures, no-ops
    refused: tuple = ()  # of these, those that the system itself reports
    missed: dict = field(default_factory=dict)  # as unseen, of what a proxy could see: why the dialect does not look
    later: dict = field(default_factory=dict)  # exchanges of which nothing was delivered before the recording ended: what they make
    anywhere: tuple = ()  # exchanges that are known by something else than the beginning of their path
    again: dict = field(default_factory=dict)  # topic -> the names of the deliveries that an event of it makes, when it is several
    lane: object = lambda topic, content: None  # within what the deliveries keep the order of the events; by default among all
    known: object = lambda content: content  # ours, but for what the recording alone made different


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
