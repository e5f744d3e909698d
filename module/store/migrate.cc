#include "store/migrate.h"

#include "store/schema.h"

namespace trot {

const Migrations& migrations() {
    static const Migrations steps = {schema_v1(), schema_v2(), schema_v3()};
    return steps;
}

Result<void> migrate(Db& db, const Migrations& steps) {
    const auto newest = static_cast<int64_t>(steps.size());
    int64_t version = 0;
    if (db.number("PRAGMA user_version", version) != SQLITE_OK) return db.fault("read the store's version");
    if (version > newest) {
        return Fault{Code::store, "the store was written by a newer Trotline (schema version " +
                                      std::to_string(version) + ", this one knows " + std::to_string(newest) +
                                      "): run that version, or point [store] url at another directory"};
    }
    if (version == newest) return {};
    if (db.exec("BEGIN IMMEDIATE") != SQLITE_OK) return db.fault("begin the migration");
    Result<void> done = migrate_within(db, steps);
    if (done.ok() && db.exec("COMMIT") != SQLITE_OK) done = db.fault("commit the migration");
    if (!done.ok()) db.exec("ROLLBACK");
    return done;
}

Result<void> migrate_within(Db& db, const Migrations& steps) {
    const auto newest = static_cast<int64_t>(steps.size());
    int64_t version = 0;  // read again: another process may have migrated while we waited for the lock
    if (db.number("PRAGMA user_version", version) != SQLITE_OK) return db.fault("read the store's version");
    for (; version < newest; ++version) {
        const std::string step(steps[static_cast<size_t>(version)]);
        if (db.exec(step) != SQLITE_OK) return db.fault("migrate the store to version " + std::to_string(version + 1));
    }
    const std::string mark = "UPDATE meta SET value = " + std::to_string(newest) + " WHERE key = 'schema_version';" +
                             "PRAGMA application_id = " + std::to_string(application_id) +
                             "; PRAGMA user_version = " + std::to_string(newest);
    if (db.exec(mark) != SQLITE_OK) return db.fault("note the store's version");
    return {};
}

}  // namespace trot
