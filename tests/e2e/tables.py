"""The file tables of a process. A host has two: its own, and the one that the threads of Trotline's engine share (module/base/own_files.h);
/proc/PID/fd shows only the first."""

import contextlib
import ctypes
import os
import platform
import time

KCMP = {"x86_64": 312, "aarch64": 272}[platform.machine()]
KCMP_FILES = 2


def share_files(one, other):
    """Do these threads have one table? None when one of them has ended."""
    libc = ctypes.CDLL(None, use_errno=True)
    told = libc.syscall(KCMP, one, other, KCMP_FILES, 0, 0)
    return None if told < 0 else told == 0


def tables(pid):
    """A thread of each table, the first one's at the head."""
    found = []
    with contextlib.suppress(OSError):
        for task in sorted(map(int, os.listdir(f"/proc/{pid}/task")), key=lambda task: (task != pid, task)):
            if all(share_files(task, known) is False for known in found):
                found.append(task)
    return found


def open_in(pid, task):
    """By number, what is open in that thread's table."""
    found = {}
    with contextlib.suppress(OSError):
        for each in os.listdir(f"/proc/{pid}/task/{task}/fd"):
            with contextlib.suppress(OSError):
                found[int(each)] = os.readlink(f"/proc/{pid}/task/{task}/fd/{each}")
    return found


def open_files(pid):
    """What a process has open, in all of its tables."""
    return [name for task in tables(pid) for name in open_in(pid, task).values()]


def engine_threads(pid):
    found = []
    for task in map(int, os.listdir(f"/proc/{pid}/task")):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as name:
            if name.read().startswith("trot-"):
                found.append(task)
    return found


def assert_apart(pid, store):
    """The host's thread shares its table with none of the engine's, the files in them are others, and only the engine's has the store open."""
    threads = engine_threads(pid)
    assert len(threads) >= 5
    assert all(share_files(pid, task) is False and share_files(threads[0], task) for task in threads)
    hosts, engines = ({name for fd, name in open_in(pid, task).items() if fd > 2} for task in (pid, threads[0]))
    assert not any(str(store) in name for name in hosts) and any(str(store) in name for name in engines)
    # The descriptor that wakes the host is in both; eventfd and epoll have no names to tell one from another by.
    assert not {name for name in hosts & engines if not name.startswith("anon_inode:")}


def least_open(pids, seconds=1):
    """How much is open in each table of each process, at the least within that time: status files and connections come and go."""
    end = time.monotonic() + seconds
    seen = []
    while time.monotonic() < end:
        seen.append(sorted(tuple(len(open_in(pid, task)) for task in tables(pid)) for pid in pids()))
        time.sleep(0.02)  # between two looks
    return min(seen)
