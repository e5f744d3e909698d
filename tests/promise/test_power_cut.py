"""acked_means_recorded through a power cut: the store lies on an ext4 in a file; the process is stopped, the file is copied as the disk
would be found, and the copy is mounted. What the page cache held is gone, as it would be. Needs root and loop devices.

The controls use the same cut and the same judge and must report a loss: guarantee "async" with sync "off", and sync "off" alone.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest
from harness import Trotline, wait_steady, wait_until
from shop import Load


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def can_mount(folder):
    image, place = folder / "probe.img", folder / "probe"
    place.mkdir()
    try:
        make(image)
        run("mount", "-o", "loop", str(image), str(place))
        run("umount", str(place))
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


def make(image):
    with open(image, "wb") as file:
        file.truncate(96 << 20)
    run("mkfs.ext4", "-q", "-F", str(image))


@contextlib.contextmanager
def mounted(image, place):
    place.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(image), str(place))
    try:
        yield place
    finally:
        run("umount", "-l", str(place))


def recorded_in(place):
    """Opens the store as Trotline's restart would (WAL replay), reads the orders; a file that cannot be read holds none."""
    try:
        connection = sqlite3.connect(place / "store" / "trotline.db")
        try:
            return {int(row[0]) for row in connection.execute("SELECT resource_id FROM events")}
        finally:
            connection.close()
    except sqlite3.Error:
        return set()


def cut(lab, tmp_path, store_keys, name):
    """One cut under load; how many acknowledged orders the disk no longer holds, of how many."""
    image, place = tmp_path / f"{name}.img", tmp_path / name
    make(image)
    with mounted(image, place):
        trotline = Trotline(lab.config(store_keys).replace("@STORE@", str(place / "store")), upstream=lab.upstream.url)
        try:
            trotline.start()
            os.sync()  # what was there before the load is on the disk: the cut is about the load
            load = Load(trotline.port, 1 + 100000 * abs(hash(name)) % 10**9).start()
            wait_until(lambda: len(load.acked) >= 150, 60, "acknowledged orders")
            trotline.signal(signal.SIGSTOP)
            wait_steady(lambda: len(load.acked))  # answers that had left before the stop arrive
            acked = set(load.acked)
            shutil.copyfile(image, tmp_path / f"{name}-cut.img")
            trotline.signal(signal.SIGCONT)
            trotline.kill()
            load.stop()
        finally:
            trotline.kill()
            shutil.rmtree(trotline.dir, ignore_errors=True)
    with mounted(tmp_path / f"{name}-cut.img", tmp_path / f"{name}-cut") as found:
        missing = acked - recorded_in(found)
    for each in (image, tmp_path / f"{name}-cut.img"):
        each.unlink()
    return len(missing), len(acked)


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0 or not can_mount(tmp_path):
        pytest.skip("a simulated power cut needs root and loop devices")
    return tmp_path


@pytest.mark.slow
def test_acked_means_recorded_through_a_power_cut(lab, disk):
    for n in range(5):
        missing, acked = cut(lab, disk, "", f"full{n}")
        assert missing == 0, f"cut {n}: {missing} of {acked} acknowledged orders are lost"


@pytest.mark.slow
@pytest.mark.parametrize("keys", ['sync = "off"', 'sync = "off"\nguarantee = "async"'])
def test_control_the_power_cut_is_noticed_without_durability(lab, disk, keys):
    lost = sum(cut(lab, disk, keys, f"off{n}")[0] for n in range(3))
    assert lost > 0, "the experiment cannot fail: it proves nothing"
