"""The example with real WordPress behind nginx: a post, an image, a form of wp-admin and a link of its that is a GET arrive, signed."""

import os
import shutil
import subprocess

import pytest
from harness import ROOT


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 and shutil.which("sudo") is None, reason="installing WordPress needs root or sudo")
def test_nginx_delivers_post_image_category_and_trash():
    told = subprocess.run([ROOT / "examples/nginx-wordpress/run", "--once"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600, check=False)
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-4000:]
    lines = told.stdout.splitlines()
    for topic in ("post.created", "media.created", "category.saved", "post.deleted"):
        line = next(line for line in lines if line.startswith(topic))
        assert "verified" in line and "v1," in line
