"""What workers take in memory while something happens to them."""

import contextlib

from ngx import read_proc


def peak_kib(pid):
    """The most that the process has ever had in memory."""
    return next(int(line.split()[1]) for line in read_proc(pid, "status").splitlines() if line.startswith("VmHWM"))


@contextlib.contextmanager
def bounded(host, mib):
    """No worker's peak rises by more than that within."""
    before = {pid: peak_kib(pid) for pid in host.workers()}
    yield
    grown = {pid: (peak_kib(pid) - kib) // 1024 for pid, kib in before.items()}
    assert max(grown.values()) < mib, f"MiB that the workers have grown by: {grown}"
