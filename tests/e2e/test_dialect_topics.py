"""Every topic that a system knows (tests/cases/topics/NAME.txt) is made by its dialect, or `trotline check` says why it is not to who
subscribes to it."""

import pytest
from cli import SECRET, said
from harness import CASES, trotline

# Those that an option brings, by dialect.
OPTIONAL = {"cockpit": "reads = true\nrefused = true\n"}
FILES = sorted((CASES / "topics").glob("*.txt"))


def unheard(path, options, folder):
    """The warnings about subscriptions to each topic of the file."""
    topics = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    config = folder / "trotline.toml"
    config.write_text(f'dialects = ["{path.stem}"]\n[dialect.{path.stem}]\n{options}[[subscription]]\nname = "all"\n'
                      f'url = "https://example.com/"\nsecret = "{SECRET}"\ntopics = {topics + ["no.such.topic"]}\n')
    done = trotline("check", "-c", config)
    said(done, 0)
    assert done.stderr.count("no hook has a topic") == 1 and '"no.such.topic"' in done.stderr, done.stderr
    return {topic for topic in topics if f'"{topic}" cannot be seen' in done.stderr}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_topic_is_made_or_explained(path, tmp_path):
    by_default = unheard(path, "", tmp_path)
    never = unheard(path, OPTIONAL.get(path.stem, ""), tmp_path)
    assert never <= by_default
    assert (never < by_default) == (path.stem in OPTIONAL)
