#include "dispatch/leader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trot {
namespace {

bool same_file(int fd, const std::string& path) {
    struct stat ours {};
    struct stat theirs {};
    return fstat(fd, &ours) == 0 && stat(path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

}  // namespace

Result<bool> LeaderLock::take() {
    if (held()) return true;
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return Fault{Code::store, "dispatch: cannot open " + path_ + ": " + strerror(errno)};
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool taken = fcntl(fd, F_OFD_SETLK, &lock) == 0;
    const int error = errno;
    if (taken && same_file(fd, path_)) {
        fd_ = fd;
        return true;
    }
    close(fd);
    if (!taken && error != EAGAIN && error != EACCES)
        return Fault{Code::store, "dispatch: cannot lock " + path_ + ": " + strerror(error)};
    return false;
}

bool LeaderLock::intact() const { return held() && same_file(fd_, path_); }

void LeaderLock::release() {
    if (fd_ >= 0) close(fd_);  // the lock belongs to the open file and goes with it
    fd_ = -1;
}

}  // namespace trot
