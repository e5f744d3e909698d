#include "store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/clock.h"

namespace trot {
namespace {

Fault failed(const std::string& doing, int error) {
    return Fault{Code::store, "cannot " + doing + ": " + std::strerror(error)};
}

void log_line(Log* log, Level level, std::string line) {
    if (log != nullptr) log->write(level, std::move(line));
}

}  // namespace

FileId file_id(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, true};
}

int64_t file_bytes(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 ? found.st_size : 0;
}

Result<void> make_directory(const StoreFiles& files, Log* log) {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(files.dir).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, error);
    if (mkdir(files.dir.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return failed("make the store's directory " + files.dir, errno);
    struct stat found {};
    if (stat(files.dir.c_str(), &found) != 0) return failed("read the store's directory " + files.dir, errno);
    if (!S_ISDIR(found.st_mode))
        return Fault{Code::store, files.dir + " is not a directory; [store] url must name one"};
    if ((found.st_mode & 0022) != 0) {
        log_line(log, Level::warning,
                 "store: others may write into " + files.dir + " and so replace the record (chmod 0700 it)");
    }
    return {};
}

Result<void> make_file(const StoreFiles& files, Log* log) {
    // Only a file that is not there is opened here: closing a descriptor of a database in use would drop SQLite's locks
    // on it.
    const int fd = open(files.db.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
        sync_directory(files);
        return {};
    }
    if (errno != EEXIST) return failed("make the store's file " + files.db, errno);
    struct stat found {};
    if (stat(files.db.c_str(), &found) == 0 && (found.st_mode & 0077) != 0) {
        log_line(log, Level::warning, "store: others could read " + files.db + "; its mode is now 0600");
        if (chmod(files.db.c_str(), 0600) != 0)
            log_line(log, Level::warning, "store: cannot change the mode of " + files.db + ": " + std::strerror(errno));
    }
    return {};
}

void sync_directory(const StoreFiles& files) {
    const int fd = open(files.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);  // a failure shows in the commits that follow
    close(fd);
}

Result<std::string> set_aside(const StoreFiles& files, int64_t wall_ms, std::string_view why) {
    std::string stamp = rfc3339(wall_ms);
    std::erase(stamp, ':');
    std::erase(stamp, '-');
    const std::string name = files.db + "." + std::string(why) + "-" + stamp;
    // The database first: a -wal without it is kept aside at the next open, but a database without its -wal would look
    // sound.
    if (rename(files.db.c_str(), name.c_str()) != 0 && errno != ENOENT) return failed("rename " + files.db, errno);
    if (rename(files.wal.c_str(), (name + "-wal").c_str()) != 0 && errno != ENOENT)
        return failed("rename " + files.wal, errno);
    if (rename(files.shm.c_str(), (name + "-shm").c_str()) != 0 && errno != ENOENT)
        return failed("rename " + files.shm, errno);
    sync_directory(files);
    return name;
}

}  // namespace trot
