"""tests/cases/rows.tsv: every row of the tables of facts has cases, and they are there."""

import json

from harness import CASES


def test_every_row_has_cases_that_are_there():
    names = set()
    for path in [CASES / "dialects.jsonl", *(CASES / "dialects").glob("*.jsonl")]:
        names |= {json.loads(line)["name"] for line in path.read_text(encoding="utf-8").splitlines()}
    lines = [line for line in (CASES / "rows.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines[0] == "table\trow\tcase"
    rows = [line.split("\t") for line in lines[1:]]
    assert len({(table, row) for table, row, _ in rows}) == 103
    assert [row for row in rows if row[2] not in names] == []
