#include "store/check.h"

#include "store/schema.h"

namespace trot {
namespace {

// Reads every column of a row, so that its overflow pages are read too.
int touch(Db& db, const char* sql) {
    Stmt statement;
    if (const int code = statement.prepare(db, sql); code != SQLITE_OK) return code;
    return statement.step();
}

Fault damaged(const std::string& what) { return Fault{Code::damaged, "the store's file is damaged: " + what}; }

}  // namespace

Result<void> light_check(Db& db, const StoreFiles& files) {
    int64_t tables = 0;
    int64_t ours = 0;
    int64_t id = 0;
    int64_t version = 0;
    if (db.number("SELECT count(*) FROM sqlite_schema", tables) != SQLITE_OK ||
        db.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                  "('meta','events','deliveries','attempts','subscriptions','hydrations')",
                  ours) != SQLITE_OK ||
        db.number("PRAGMA application_id", id) != SQLITE_OK || db.number("PRAGMA user_version", version) != SQLITE_OK)
        return db.fault("read the store " + files.db);
    if (tables == 0) return {};
    if (ours == 0)
        return Fault{Code::store,
                     files.db + " is the database of another program; point [store] url at another directory"};
    if (ours < 6 || id != application_id) return damaged("its header or a table is missing");
    int64_t noted = 0;
    if (version > schema_version &&
        db.number("SELECT value FROM meta WHERE key = 'schema_version'", noted) == SQLITE_OK && noted != version)
        return damaged("its header and its meta table tell different versions");
    if (version > schema_version) return {};  // migrate() refuses it with the right words
    int64_t pages = 0;
    int64_t page_bytes = 0;
    if (db.number("PRAGMA page_count", pages) != SQLITE_OK || db.number("PRAGMA page_size", page_bytes) != SQLITE_OK)
        return db.fault("read the size of the store " + files.db);
    if (file_bytes(files.wal) == 0 && file_bytes(files.db) < pages * page_bytes)
        return damaged("it is shorter than its header says");
    for (const char* sql :
         {"SELECT sum(value) FROM meta", "SELECT * FROM events ORDER BY number LIMIT 1",
          "SELECT * FROM events ORDER BY number DESC LIMIT 1", "SELECT * FROM deliveries ORDER BY number LIMIT 1",
          "SELECT * FROM deliveries ORDER BY number DESC LIMIT 1",
          "SELECT event FROM deliveries ORDER BY event DESC LIMIT 1",
          "SELECT * FROM attempts ORDER BY delivery DESC LIMIT 1", "SELECT count(reason) FROM subscriptions",
          "SELECT * FROM hydrations ORDER BY event DESC LIMIT 1"}) {
        if (trouble(touch(db, sql)) != Trouble::none) return db.fault("read the last rows of the store " + files.db);
    }
    return {};
}

Result<void> full_check(Db& db, Depth depth, const std::atomic<bool>& stop) {
    sqlite3_progress_handler(
        db.handle(), 20000,
        [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(std::memory_order_relaxed) ? 1 : 0; },
        const_cast<std::atomic<bool>*>(&stop));  // NOLINT: SQLite's callback takes void*, and it is only read
    Stmt statement;
    int code = statement.prepare(db, depth == Depth::quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
    if (code == SQLITE_OK) code = statement.step();
    const std::string answer = code == SQLITE_ROW ? std::string(statement.text(0)) : std::string();
    Fault fault = db.fault("check the store");
    sqlite3_progress_handler(db.handle(), 0, nullptr, nullptr);
    if (code == SQLITE_ROW) {
        if (answer == "ok") return {};
        return damaged(answer);
    }
    if (stop.load()) return Fault{Code::stopped, "the check was stopped"};
    return fault;
}

}  // namespace trot
