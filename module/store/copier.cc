#include "store/copier.h"

#include "store/connect.h"

namespace trot {

Result<void> Copier::start() {
    return thread_.start("trot-copier", [this] { run(); });
}

void Copier::ask() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (asked_) return;
        asked_ = true;
    }
    changed_.notify_one();
}

void Copier::stop() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Copier::run() {
    std::unique_lock<std::mutex> hold(lock_);
    while (true) {
        changed_.wait(hold, [this] { return asked_ || stopping_; });
        if (stopping_) return;
        asked_ = false;
        hold.unlock();
        copy();
        hold.lock();
    }
}

// A fresh connection each time: the file may have been exchanged since the last one.
void Copier::copy() {
    Db db;
    if (db.open(core_.files.db, SQLITE_OPEN_READWRITE) != SQLITE_OK) return;
    // Were it the last connection of all, closing it would remove the -wal by its name, whoever's that is by then.
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    const bool safe = core_.options.sync != "off";
    if (db.exec(safe ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF") != SQLITE_OK) return;
    int64_t version = 0;  // a first read, so that SQLite finds the -wal
    if (db.number("SELECT value FROM meta WHERE key = 'schema_version'", version) != SQLITE_OK) return;
    int in_wal = 0;
    int copied = 0;
    if (sqlite3_wal_checkpoint_v2(db.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied) == SQLITE_OK)
        copied_ = copied;
}

}  // namespace trot
