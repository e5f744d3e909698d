// Migrations: a file of an older version is brought forward in place, one step a version, all in one transaction; a
// file of a newer version is refused, untouched. Callers: connect (at open), tests. Threads: the connection's; the
// writer lock is held.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"

namespace trot {

// Brings a file from version index to index + 1. Step 0 makes the tables in an empty file.
using Migrations = std::vector<std::string_view>;

const Migrations& migrations();  // as many as schema_version

Result<void> migrate(Db& db, const Migrations& steps);
Result<void> migrate_within(Db& db, const Migrations& steps);  // in a transaction that the caller began and ends

}  // namespace trot
