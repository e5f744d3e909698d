// The store's files: their names, the directory with its modes, who a file is (inode), and setting a bad one aside.
// Callers: connect, keeper, store. Threads: any; the renames are done under the writer lock.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace trot {

struct StoreFiles {
    explicit StoreFiles(const std::string& directory)
        : dir(directory),
          db(directory + "/trotline.db"),
          wal(db + "-wal"),
          shm(db + "-shm"),
          lock(directory + "/writer.lock"),
          salvage(directory + "/trotline.db.salvage") {}
    std::string dir, db, wal, shm, lock, salvage;
};

// Which file a name means just now.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    bool there = false;
    bool operator==(const FileId&) const = default;
};
FileId file_id(const std::string& path);
int64_t file_bytes(const std::string& path);  // 0 when there is none

// Makes the directory (0700) and an empty database file (0600) when missing; a file that others may read is made
// private.
Result<void> make_directory(const StoreFiles& files, Log* log);
Result<void> make_file(const StoreFiles& files, Log* log);
void sync_directory(const StoreFiles& files);

// Renames the database with its -wal and -shm to NAME.damaged-<UTC time> and returns the new name.
Result<std::string> set_aside(const StoreFiles& files, int64_t wall_ms, std::string_view why);

}  // namespace trot
