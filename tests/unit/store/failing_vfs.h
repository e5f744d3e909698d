// A VFS under SQLite's real one that fails when told to: an fsync that answers EIO, a disk without room. SQLite, the
// files and the code under test stay the real ones.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>
#include <vector>

namespace trot_test {

struct Failures {
    std::atomic<int> sync_fails{0};      // that many calls of xSync fail with SQLITE_IOERR_FSYNC
    std::atomic<bool> disk_full{false};  // xWrite answers SQLITE_FULL
};

inline Failures& failures() {
    static Failures all;
    return all;
}

namespace vfs {

struct File {
    sqlite3_file base;
    sqlite3_file* real;
};

inline sqlite3_vfs* under() {
    static sqlite3_vfs* found = sqlite3_vfs_find("unix");
    return found;
}
inline sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

inline int write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 at) {
    if (failures().disk_full) return SQLITE_FULL;
    return real(file)->pMethods->xWrite(real(file), data, bytes, at);
}
inline int sync(sqlite3_file* file, int flags) {
    int left = failures().sync_fails.load();
    while (left > 0 && !failures().sync_fails.compare_exchange_weak(left, left - 1)) continue;
    // The kernel has taken the bytes, the disk has not: what EIO from fsync means.
    if (left > 0) return SQLITE_IOERR_FSYNC;
    return real(file)->pMethods->xSync(real(file), flags);
}
inline int close(sqlite3_file* file) {
    const int code = real(file)->pMethods != nullptr ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
    sqlite3_free(real(file));
    return code;
}

inline const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = {
        3,
        close,
        [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, n, at); },
        write,
        [](sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); },
        sync,
        [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
        [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); },
        [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); },
        [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
        [](sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); },
        [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
        [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
        [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        },
        [](sqlite3_file* f, int offset, int n, int flags) {
            return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
        },
        [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
        [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
        [](sqlite3_file*, sqlite3_int64, int, void** out) {
            *out = nullptr;
            return SQLITE_OK;
        },
        [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; },
    };
    return all;
}

inline int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* mine = reinterpret_cast<File*>(file);
    mine->base.pMethods = nullptr;
    mine->real = static_cast<sqlite3_file*>(sqlite3_malloc(under()->szOsFile));
    memset(mine->real, 0, static_cast<size_t>(under()->szOsFile));
    const int code = under()->xOpen(under(), name, mine->real, flags, out);
    if (code == SQLITE_OK) {
        mine->base.pMethods = &methods();
    } else {
        sqlite3_free(mine->real);
    }
    return code;
}

}  // namespace vfs

inline void use_failing_vfs() {
    static sqlite3_vfs mine = [] {
        sqlite3_vfs copy = *vfs::under();
        copy.zName = "failing";
        copy.szOsFile = sizeof(vfs::File);
        copy.pNext = nullptr;
        copy.xOpen = vfs::open;
        return copy;
    }();
    sqlite3_vfs_register(&mine, 1);
}

}  // namespace trot_test
