#include "store/lock_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace trot {
namespace {

bool set_lock(int fd, short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    int outcome = 0;
    do outcome = fcntl(fd, F_OFD_SETLK, &lock);
    while (outcome != 0 && errno == EINTR);
    return outcome == 0;
}

}  // namespace

LockFile::~LockFile() {
    if (fd_ >= 0) close(fd_);
}

Result<void> LockFile::open(const std::string& path, int& error) {
    error = 0;
    if (fd_ >= 0) return {};
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ >= 0) return {};
    error = errno;
    return Fault{Code::store, "cannot open the lock file " + path + ": " + std::strerror(error)};
}

bool LockFile::attempt() { return set_lock(fd_, F_WRLCK); }

Result<void> LockFile::acquire(int64_t wait_ms, const std::function<bool()>& give_up) {
    if (attempt()) return {};
    // The blocking form (F_OFD_SETLKW) cannot be given a deadline without a signal, and signals are the host's. A
    // holder commits in well under a millisecond, so short naps that grow to 2 ms cost nothing that the disk does not
    // cost already.
    using std::chrono::microseconds;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    microseconds nap{50};
    while (std::chrono::steady_clock::now() < deadline && !(give_up && give_up())) {
        std::this_thread::sleep_for(nap);
        if (attempt()) return {};
        nap = std::min(nap * 2, microseconds(2000));
    }
    return Fault{Code::late, "another process has been writing for more than " + std::to_string(wait_ms) + " ms"};
}

void LockFile::release() {
    if (fd_ >= 0) set_lock(fd_, F_UNLCK);
}

}  // namespace trot
