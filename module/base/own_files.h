// Own files: a thread leaves the file table of the process and has one of its own, which the threads that it starts
// share. Why: while a table has two users the kernel counts each use of a descriptor with an atomic operation, and
// every read, write and epoll_wait of the host's loop is about 5 % dearer (measured: write, epoll_wait and read of a
// socket pair 3,107 ns with one thread, 3,294 ns with an idle second one, 3,136 ns when that one has a table of its
// own).
//
// What follows from it: the same number means another file on each side; whoever opened a descriptor must close it;
// /proc/self/fd is the table of the process's first thread, ours is /proc/thread-self/fd; RLIMIT_NOFILE holds for each
// table by itself. Callers: engine (its root thread). Threads: the one that leaves; follow_standard_streams any of its
// table.
#pragma once

#include "base/result.h"

namespace trot {

// The calling thread leaves; its table holds 0, 1, 2 and `keep` then, and nothing else: a copy of the host's sockets
// would keep addresses bound and clients connected that the host has closed. A Fault when the system does not allow it:
// nothing has changed then, nothing is closed.
Result<void> leave_shared_files(int keep);

// The host may point its standard streams elsewhere (nginx does, when its logs are rotated); a copy of the old ones
// would keep a deleted log on the disk. For now and then; does nothing when they are the same. keep: as above.
void follow_standard_streams(int keep);

}  // namespace trot
