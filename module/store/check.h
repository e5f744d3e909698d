// Is the file a sound store? A light check of a few milliseconds at every open, and a full one (SQLite's own) that runs
// beside the traffic. Callers: connect (light), keeper and store (full). Threads: the connection's.
#pragma once

#include <atomic>

#include "base/result.h"
#include "store/files.h"
#include "store/sqlite.h"

namespace trot {

// Header, application id, tables, length of the file, first and last rows. Code::damaged when it is not sound;
// Code::store when it cannot be judged, or is the file of another program or a newer version. An empty file is sound.
Result<void> light_check(Db& db, const StoreFiles& files);

enum class Depth { quick, whole };  // PRAGMA quick_check, or integrity_check, which compares the indexes as well

// Code::damaged with what SQLite says; Code::stopped when `stop` turned true; Code::store when it cannot be read just
// now.
Result<void> full_check(Db& db, Depth depth, const std::atomic<bool>& stop);

}  // namespace trot
