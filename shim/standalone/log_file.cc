#include "shim/standalone/log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace trot::host {
namespace {

constexpr size_t kMostWaiting = 1 << 20;
constexpr size_t kPipePiece = 4096;  // PIPE_BUF: a pipe that polls writable takes that much without blocking

}  // namespace

LogFile::~LogFile() {
    flush();
    release();
}

void LogFile::release() {
    if (ours_ && fd_ >= 0) ::close(fd_);
    fd_ = -1;
    ours_ = false;
}

bool LogFile::use(int fd, bool ours) {
    release();
    struct stat status {};
    fd_ = fd;
    ours_ = ours;
    regular_ = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    return true;
}

bool LogFile::open(const std::string& path, int standard) {
    if (path == path_ && standard == standard_ && (fd_ >= 0 || path.empty())) return true;
    if (path.empty() || path == "-") {
        flush();
        path_ = path;
        standard_ = standard;
        if (path == "-") return use(standard, false);
        release();
        return true;
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0) return false;
    flush();
    path_ = path;
    standard_ = standard;
    return use(fd, true);
}

bool LogFile::reopen() {
    if (!ours_) return true;
    const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0) return false;
    flush();
    return use(fd, true);
}

void LogFile::append(std::string_view line) {
    if (fd_ < 0) return;
    if (waiting() + line.size() > kMostWaiting) {
        ++dropped_;
        return;
    }
    buffer_ += line;
}

void LogFile::flush() {
    while (fd_ >= 0 && waiting() > 0) {
        size_t piece = waiting();
        if (!regular_) {
            pollfd ask{fd_, POLLOUT, 0};
            if (poll(&ask, 1, 0) != 1 || (ask.revents & POLLOUT) == 0) break;
            piece = std::min(piece, kPipePiece);
        }
        const ssize_t wrote = ::write(fd_, buffer_.data() + start_, piece);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) break;
        start_ += static_cast<size_t>(wrote);
    }
    if (start_ == buffer_.size() || start_ > kMostWaiting / 2) {
        buffer_.erase(0, start_);
        start_ = 0;
    }
}

}  // namespace trot::host
