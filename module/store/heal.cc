// The keeper's other half: what it does when the file, the disk or the name fails it.
#include <fmt/format.h>

#include <algorithm>

#include "store/check.h"
#include "store/connect.h"
#include "store/keeper.h"
#include "store/salvage.h"

namespace trot {
namespace {

constexpr int64_t watch_us = 500000;  // a moved file is noticed within a second, also when nothing is written
constexpr int64_t least_backoff_ms = 100;
constexpr int64_t most_backoff_ms = 2000;
constexpr int64_t heal_wait_ms = 200;  // short: jobs that come meanwhile wait behind it

std::string told(const Salvaged& sum) {
    std::string text = fmt::format("{} events, {} pending or dead deliveries and {} subscriptions were carried over",
                                   sum.events, sum.deliveries, sum.subscriptions);
    if (sum.gaps > 0) text += fmt::format("; {} stretches could not be read", sum.gaps);
    if (sum.lost_events > 0)
        text += fmt::format("; {} events that deliveries wait for are lost (see the dead deliveries)", sum.lost_events);
    return text;
}

}  // namespace

void Keeper::fall_sick(const Fault& fault, bool reopen) {
    core_.count(&Counters::store_faults);
    sickness_ = Fault{Code::store, fault.text};
    backoff_ms_ = std::clamp(backoff_ms_ * 2, least_backoff_ms, most_backoff_ms);
    heal_at_us_ = now_us() + backoff_ms_ * 1000;
    uint64_t more = 0;
    const bool was_healthy = healthy_.exchange(false);
    if (quiet_.pass(now_us(), more) || was_healthy) {
        std::string line = fault.text + "; nothing is recorded until this ends, captures go to the spill file";
        if (more > 0) line += fmt::format(" ({} like this one before)", more);
        core_.log(Level::alarm, std::move(line));
    }
    // The handle of a file that went away is all that is left of its record: kept until it has been carried over.
    if (reopen && !(db_.is_open() && file_gone())) disconnect();
}

// After a commit of unknown outcome: what the file holds is made durable through the database itself. SQLite reads the
// -wal from the page cache, and a page that the disk refused once counts as clean there; only writing it elsewhere and
// syncing that is proof.
Result<void> Keeper::settle_doubt() {
    int in_wal = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &copied);
    if (code == SQLITE_OK || ((code & 0xff) == SQLITE_BUSY && in_wal >= 0 && copied == in_wal)) {
        doubt_ = false;
        return {};
    }
    return db_.fault("copy the -wal back after an I/O error");
}

Result<void> Keeper::probe() {
    if (db_.exec("UPDATE meta SET value = value + 1 WHERE key = 'probe'") == SQLITE_OK) return {};
    Fault fault = db_.fault("write into " + core_.files.db);
    if (fault.code == Code::damaged) core_.damaged = true;
    return fault;
}

void Keeper::heal() {
    bool sick = false;
    int error = 0;
    Result<void> well = lock_.open(core_.files.lock, error);
    if (well.ok()) well = acquire(heal_wait_ms);
    if (well.ok()) {
        if (!db_.is_open()) well = connect(sick);
        if (well.ok() && moved()) well = follow(sick);
        if (well.ok() && doubt_) well = settle_doubt();
        if (well.ok()) well = probe();
        lock_.release();
    }
    if (!well.ok()) {
        fall_sick(well.fault(), true);
        return;
    }
    healthy_ = true;
    core_.log(Level::notice, "records again");
}

// ---- the file's name means another file

bool Keeper::file_gone() const {
    int elsewhere = 0;
    sqlite3_file_control(db_.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &elsewhere);
    return elsewhere != 0;
}

bool Keeper::moved() const { return file_gone() || !(file_id(core_.files.wal) == wal_); }

Result<void> Keeper::follow(bool& sick) {
    const bool gone = file_gone();
    forget();
    Db old = std::move(db_);
    sqlite3_db_config(old.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    core_.count(&Counters::store_faults);
    if (!gone) {
        // Only the -wal went. When nobody has made a new one yet, the old one is still ours through its descriptor:
        // copy it back.
        if (!file_id(core_.files.wal).there) {
            int in_wal = 0;
            int copied = 0;
            sqlite3_wal_checkpoint_v2(old.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &copied);
        }
        old.close();
        core_.log(Level::alarm,
                  core_.files.wal +
                      " was deleted or replaced while in use; what it held was copied into the database (never "
                      "remove it while Trotline runs)");
        core_.generation.fetch_add(1);
        return connect(sick);
    }
    const bool replaced = file_bytes(core_.files.db) > 0;
    // The -wal of the file that went away must not be applied to the one that took its name.
    std::string kept;
    if (file_id(core_.files.wal) == wal_ && wal_.there) {
        const std::string orphan = fmt::format("{}.orphan-{}", core_.files.db, core_.options.clock->wall_ms());
        if (rename(core_.files.wal.c_str(), (orphan + "-wal").c_str()) != 0)
            return Fault{Code::store, "cannot set " + core_.files.wal + " aside"};
        if (rename(core_.files.shm.c_str(), (orphan + "-shm").c_str()) == 0) kept = orphan + "-wal";
    }
    if (Result<void> opened = connect(sick); !opened.ok()) {
        // The old handle is all that is left of the record: keep it for the next try.
        db_ = std::move(old);
        return opened;
    }
    Result<Salvaged> sum = Fault{Code::store, {}};
    if (db_.exec("BEGIN IMMEDIATE") == SQLITE_OK) {
        sum = salvage(old, db_);
        if (sum.ok() && db_.exec("COMMIT") != SQLITE_OK) sum = db_.fault("commit what was carried over");
        if (!sum.ok()) db_.exec("ROLLBACK");
    } else {
        sum = db_.fault("begin to carry over");
    }
    core_.generation.fetch_add(1);
    core_.damaged = false;
    core_.log(Level::alarm,
              fmt::format("{} was {} while in use; {}: {}{}", core_.files.db, replaced ? "replaced" : "deleted",
                          replaced ? "the new file is used now" : "a new one was made",
                          sum.ok() ? told(sum.value()) : sum.fault().text,
                          kept.empty() ? "" : " (the old -wal is kept as " + kept + ")"));
    if (!sum.ok()) return sum.fault();
    return {};
}

// ---- damage

Result<void> Keeper::quarantine(bool& sick) {
    disconnect();
    Result<Salvaged> sum = Salvaged{};
    {
        Db old;
        if (old.open(core_.files.db, SQLITE_OPEN_READWRITE) == SQLITE_OK)
            sqlite3_db_config(old.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        sqlite3_busy_timeout(old.handle(), 250);
        sum = salvage_into_new(old, core_.files.salvage);
    }
    sick = true;  // a full disk, say: it is tried again
    if (!sum.ok()) return Fault{Code::store, "the store is damaged and cannot be repaired now: " + sum.fault().text};
    Result<std::string> aside = set_aside(core_.files, core_.options.clock->wall_ms(), "damaged");
    if (!aside.ok()) return aside.fault();
    if (rename(core_.files.salvage.c_str(), core_.files.db.c_str()) != 0)
        return Fault{Code::store, "cannot rename " + core_.files.salvage};
    sync_directory(core_.files);
    core_.damaged = false;
    core_.generation.fetch_add(1);
    core_.count(&Counters::store_faults);
    core_.log(Level::alarm,
              fmt::format("the database was damaged; it is kept as {} and a new one is in use: {} (look at the disk, "
                          "then remove the old file or have it examined)",
                          aside.value(), told(sum.value())));
    Result<Db> opened = open_writing(core_.files, core_.options, busy_ms_, sick);
    if (!opened.ok()) return opened.fault();
    take(std::move(opened).value());
    return {};
}

// One error does not make a damaged file: a reader may have met a file that was being exchanged. SQLite's whole check
// decides, on a fresh connection; when it finds nothing and the errors go on, the errors do.
bool Keeper::confirm_damage() {
    if (core_.confirmed) return true;
    bool sick = false;
    disconnect();
    Result<Db> fresh = open_writing(core_.files, core_.options, busy_ms_, sick);
    if (!fresh.ok()) return fresh.fault().code == Code::damaged;
    const Result<void> sound = full_check(fresh.value(), Depth::whole, core_.stopping);
    if (!sound.ok() && sound.fault().code == Code::damaged) {
        core_.log(Level::alarm, sound.fault().text);
        return true;
    }
    return ++false_alarms_ > 2;
}

void Keeper::repair() {
    healthy_ = false;
    bool sick = false;
    if (Result<void> lock = acquire(core_.options.busy_ms); !lock.ok()) {
        fall_sick(lock.fault(), false);
        return;
    }
    Result<void> well;
    if (db_.is_open() && moved()) {
        well = follow(sick);  // another process has set it aside already
    } else if (confirm_damage()) {
        well = quarantine(sick);
    } else {
        well = connect(sick);
    }
    lock_.release();
    core_.damaged = false;
    core_.confirmed = false;
    if (!well.ok()) {
        fall_sick(well.fault(), true);
        return;
    }
    heal_at_us_ = now_us();
}

// ---- the rhythm

void Keeper::tend() {
    if (core_.damaged && (healthy() || now_us() >= heal_at_us_)) repair();
    if (!healthy() && now_us() >= heal_at_us_) heal();
    if (healthy() && now_us() >= watch_at_us_) {
        watch_at_us_ = now_us() + watch_us;
        if (moved() && acquire(heal_wait_ms).ok()) {
            bool sick = false;
            Result<void> followed = moved() ? follow(sick) : Result<void>();
            lock_.release();
            if (!followed.ok()) fall_sick(followed.fault(), false);
        }
    }
    if (healthy()) copy_back();
}

int64_t Keeper::tend_in_ms() const {
    const int64_t at_us = healthy() ? watch_at_us_ : heal_at_us_;
    return std::clamp<int64_t>((at_us - now_us()) / 1000 + 1, 1, 1000);
}

}  // namespace trot
