"""The case folders of tests/cases for end-to-end tests: tables, bytes, and the three ways to send them."""

import hashlib
import random

from harness import CASES

MODES = ("whole", "bytes", "splits")


def table(folder):
    lines = (CASES / folder / "index.tsv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def _generated(folder):
    path = CASES / folder / "generated.tsv"
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    rows = (dict(zip(names, line.replace("\\r", "\r").replace("\\n", "\n").split("\t"))) for line in lines[1:])
    return {row["file"]: row for row in rows}


def case_bytes(folder, name):
    """A case's bytes, from its file or from its recipe."""
    row = _generated(folder).get(name)
    if row is None:
        return (CASES / folder / name).read_bytes()
    units = (row["unit"].replace("{i}", str(number)) for number in range(int(row["count"])))
    made = (row["head"] + "".join(units) + row["tail"]).encode()
    assert hashlib.sha256(made).hexdigest() == row["sha256"], f"{name} is not what its recipe says"
    return made


def pieces(data, mode, seed):
    """The bytes in the pieces of a send mode; the splits are the same in every run."""
    if mode == "whole":
        yield data
        return
    if mode == "bytes":
        for at in range(len(data)):
            yield data[at:at + 1]
        return
    rng = random.Random(seed)
    while data:
        size = rng.randint(1, rng.choice((3, 200)))
        yield data[:size]
        data = data[size:]
