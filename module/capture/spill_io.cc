#include "capture/spill_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace trot::spill_io {
namespace {

Fault failed(const char* what, const std::string& file) {
    return {Code::store, std::string("cannot ") + what + " " + file + ": " + std::generic_category().message(errno)};
}

}  // namespace

Result<int> open_locked(const std::string& file, bool create) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);
    const int fd = ::open(file.c_str(), flags, 0600);
    if (fd < 0) {
        if (!create && errno == ENOENT) return -1;
        return failed("open", file);
    }
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        const bool taken = errno == EAGAIN || errno == EACCES;
        const Fault fault = failed("lock", file);
        ::close(fd);
        if (taken) return -1;
        return fault;
    }
    return fd;
}

Result<void> write_all(int fd, std::string_view bytes, uint64_t offset, const std::string& file) {
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = ENOSPC;
        if (done <= 0) return failed("write", file);
        bytes.remove_prefix(static_cast<size_t>(done));
        offset += static_cast<uint64_t>(done);
    }
    return {};
}

Result<std::string> read_some(int fd, size_t size, uint64_t offset, const std::string& file) {
    std::string out(size, '\0');
    size_t have = 0;
    while (have < size) {
        const ssize_t done = ::pread(fd, out.data() + have, size - have, static_cast<off_t>(offset + have));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return failed("read", file);
        if (done == 0) break;
        have += static_cast<size_t>(done);
    }
    out.resize(have);
    return out;
}

Result<void> sync(int fd, const std::string& file) {
    if (::fdatasync(fd) != 0) return failed("sync", file);
    return {};
}

uint64_t reserve(int fd, uint64_t bytes) {
    constexpr uint64_t least = 65536;
    for (; bytes >= least; bytes /= 2) {
        if (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0) return bytes;
        if (errno != ENOSPC && errno != EFBIG && errno != EDQUOT) break;
    }
    return 0;
}

uint64_t size_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

void append_copy(const std::string& file, std::string_view bytes) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;
    while (!bytes.empty()) {
        const ssize_t done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        bytes.remove_prefix(static_cast<size_t>(done));
    }
    ::close(fd);
}

}  // namespace trot::spill_io
