#include "base/own_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace trot {
namespace {

constexpr const char* our_files = "/proc/thread-self/fd";
constexpr int first = STDERR_FILENO + 1;

// Only in a table that no one else has.
void close_all_but(int keep) {
    close(keep == first ? first + 1 : first);  // reading the folder takes one
    DIR* folder = opendir(our_files);
    if (folder == nullptr) return;
    while (const dirent* entry = readdir(folder)) {  // in the order of the numbers: closing moves none
        const int fd = atoi(entry->d_name);          // 0 of "." and ".."
        if (fd >= first && fd != keep && fd != dirfd(folder)) close(fd);
    }
    closedir(folder);
}

// A standard stream that the host has closed: no file of ours shall get its number, somebody may write there.
void fill_standard_streams() {
    for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0; fd = open("/dev/null", O_RDWR | O_CLOEXEC))
        if (fd >= first) {
            close(fd);
            return;
        }
}

}  // namespace

Result<void> leave_shared_files(int keep) {
#if defined(__SANITIZE_THREAD__)
    // It keeps one book of descriptors for the whole process, and takes the same number in two tables for a race.
    (void)keep;
    return Fault{Code::refused, "the system gives no file table of its own: ThreadSanitizer knows one only"};
#endif
    // One call for both, and a container's filter that refuses unshare() may let it pass (Docker's does).
    const int behind = std::max(keep + 1, first);
    if (close_range(static_cast<unsigned>(behind), ~0U, CLOSE_RANGE_UNSHARE) == 0) {
        if (keep > first && close_range(first, static_cast<unsigned>(keep) - 1, 0) != 0) close_all_but(keep);
    } else {
        // Before Linux 5.9. What cannot be listed cannot be closed, and must not be copied.
        if (access(our_files, R_OK | X_OK) != 0 || unshare(CLONE_FILES) != 0)
            return Fault{Code::refused, std::string("the system gives no file table of its own: ") + strerror(errno)};
        close_all_but(keep);
    }
    fill_standard_streams();
    return {};
}

void follow_standard_streams(int keep) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (fd == keep) continue;
        const std::string host = "/proc/self/fd/" + std::to_string(fd);  // of the first thread
        struct stat ours {};
        struct stat theirs {};
        if (fstat(fd, &ours) != 0 || stat(host.c_str(), &theirs) != 0) continue;
        if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) continue;
        const int mode = (fd == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_APPEND) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        int fresh = open(host.c_str(), mode);
        if (fresh < 0) fresh = open("/dev/null", O_RDWR | O_CLOEXEC);  // a socket, or another user's file
        if (fresh < 0) continue;
        dup2(fresh, fd);
        close(fresh);
    }
}

}  // namespace trot
