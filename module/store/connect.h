// Opening the store's file, for the one writer of a process and for its readers: modes, pragmas, checks, migration.
// Callers: keeper, reader, check, store. Threads: any; open_writing under the writer lock.
#pragma once

#include "store/files.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace trot {

inline constexpr int checkpoint_pages =
    1000;  // so many new ones (4 MiB) in the -wal are copied back beside the traffic
inline constexpr int restart_pages =
    4 * checkpoint_pages;                               // with so many the writer copies the rest, to start it anew,
inline constexpr int rest_pages = 250;                  // when no more than that is left, or as many again came
inline constexpr int64_t wal_limit_bytes = 64LL << 20;  // beyond it readers are waited for, so that it starts anew
inline constexpr int64_t wal_keep_bytes = 16LL << 20;   // a longer -wal is cut to this when it starts anew
inline constexpr int writer_cache_kib = 16384;
inline constexpr int reader_cache_kib = 4096;

// Makes the file when it is missing, opens it, checks it lightly, brings it to this version. Code::damaged: set it
// aside. `sick` is true when the failure may pass by itself (locked, full, read-only, I/O error).
Result<Db> open_writing(const StoreFiles& files, const StoreOptions& options, int64_t busy_ms, bool& sick);

// Read-only; never creates. Code::not_found when there is no file.
Result<Db> open_reading(const StoreFiles& files);

}  // namespace trot
