#include "store/keeper.h"

#include <algorithm>
#include <cerrno>
#include <exception>

#include "store/connect.h"

namespace trot {
namespace {

template <class Work>
Result<void> guarded(Work work) {
    try {
        return work();
    } catch (const std::exception& error) {
        return Fault{Code::internal, std::string("a job of the writer threw: ") + error.what()};
    } catch (...) {
        return Fault{Code::internal, "a job of the writer threw"};
    }
}

}  // namespace

Keeper::Keeper(Core& core, std::function<bool()> give_up) : core_(core), copier_(core), give_up_(std::move(give_up)) {}

void Keeper::close() {
    copier_.stop();
    disconnect();
}

int Keeper::on_busy(void* self, int tries) {
    auto* keeper = static_cast<Keeper*>(self);
    if (now_us() >= keeper->busy_until_us_ || keeper->give_up_()) return 0;
    sqlite3_sleep(std::min(1 + tries, 10));
    return 1;
}

Result<void> Keeper::acquire(int64_t wait_ms) {
    busy_ms_ = wait_ms;
    busy_until_us_ = now_us() + wait_ms * 1000;
    return lock_.acquire(wait_ms, give_up_);
}

// ---- opening and closing

void Keeper::take(Db db) {
    db_ = std::move(db);
    sqlite3_busy_handler(db_.handle(), on_busy, this);
    sqlite3_wal_hook(
        db_.handle(),
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Keeper*>(self)->wal_pages_ = pages;
            return SQLITE_OK;
        },
        this);
    begin_.prepare(db_, "BEGIN IMMEDIATE");  // one that fails here fails when it is run
    commit_.prepare(db_, "COMMIT");
    tx_ = std::make_unique<SqliteTx>(db_, *core_.options.clock);
    wal_ = file_id(core_.files.wal);
    copy_asked_at_ = 0;
    copy_back_at_ = restart_pages;
}

void Keeper::forget() {
    tx_.reset();
    begin_ = Stmt();
    commit_ = Stmt();
}

void Keeper::disconnect() {
    forget();
    db_.close();
}

Result<void> Keeper::connect(bool& sick) {
    disconnect();
    Result<Db> opened = open_writing(core_.files, core_.options, busy_ms_, sick);
    if (!opened.ok() && opened.fault().code == Code::damaged) {
        core_.log(Level::alarm, opened.fault().text);
        return quarantine(sick);
    }
    if (!opened.ok()) return opened.fault();
    take(std::move(opened).value());
    return {};
}

Result<void> Keeper::open() {
    if (Result<void> started = copier_.start(); !started.ok()) return started;
    int error = 0;
    if (Result<void> lock = lock_.open(core_.files.lock, error); !lock.ok()) {
        const bool may_pass =
            error == EROFS || error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE;
        if (!may_pass || !file_id(core_.files.db).there) return lock;
        fall_sick(lock.fault(), true);
        return {};
    }
    bool sick = false;
    Result<void> opened = acquire(core_.options.busy_ms);
    if (opened.ok()) {
        opened = connect(sick);
        if (opened.ok()) {
            opened = probe();
            sick = true;
        }
        lock_.release();
    } else {
        sick = true;
    }
    if (opened.ok()) {
        healthy_ = true;
        return {};
    }
    if (!sick) return opened;
    fall_sick(opened.fault(), true);
    return {};
}

// ---- one group

void Keeper::finish_one(Job& job, const Fault& fault) {
    try {
        job.done(fault.code == Code::ok ? Result<void>() : Result<void>(fault));
    } catch (...) {  // done() has nowhere to put a fault; the next job's token matters more than this one's message
        return;
    }
}

void Keeper::finish(Jobs& group, Rider* rider, const Ride& ride, const std::vector<Fault>& faults, const Fault& all) {
    const auto fault_of = [&](size_t at) -> const Fault& {
        return !faults.empty() && faults[at].code != Code::ok ? faults[at] : all;
    };
    size_t at = 0;
    for (; at < group.size() && group[at]->overtakes(); ++at) finish_one(*group[at], fault_of(at));
    if (ride.wrote) {
        const Fault& fault = ride.fault.code != Code::ok ? ride.fault : all;
        rider->done(fault.code == Code::ok ? Result<void>() : Result<void>(fault));
    }
    for (; at < group.size(); ++at) finish_one(*group[at], fault_of(at));
    group.clear();
}

Result<void> Keeper::begin() {
    if (Result<void> lock = acquire(core_.options.busy_ms); !lock.ok()) return Fault{Code::store, lock.fault().text};
    if (moved()) {
        bool sick = false;
        if (Result<void> followed = follow(sick); !followed.ok()) return followed;
    }
    if (begin_.run() != SQLITE_OK) return db_.fault("begin a transaction");
    return {};
}

Keeper::Attempted Keeper::give_back(Trouble worst, Fault fault, bool doubt) {
    if (db_.is_open() && sqlite3_get_autocommit(db_.handle()) == 0) db_.exec("ROLLBACK");
    lock_.release();
    if (worst == Trouble::damaged) core_.damaged = true;
    if (worst == Trouble::none || worst == Trouble::job) return {End::job, std::move(fault), false};
    fault.code = Code::store;
    return {End::store, std::move(fault), doubt};
}

// apart: each job in a savepoint, so that one whose write() fails is undone alone.
Keeper::Attempted Keeper::write_all(Jobs& group, bool apart, std::vector<Fault>& faults) {
    for (size_t at = 0; at < group.size(); ++at) {
        const SqliteTx::Mark mark = tx_->mark();
        if (apart && db_.exec("SAVEPOINT job") != SQLITE_OK)
            return give_back(trouble(db_.extended()), db_.fault("begin a savepoint"), false);
        Result<void> written = guarded([&] { return group[at]->write(*tx_); });
        if (tx_->worst() > Trouble::job) {
            Fault fault = written.ok() ? db_.fault("write") : written.fault();
            return give_back(tx_->worst(), std::move(fault), false);
        }
        // Some errors (no memory) end the whole transaction: nothing of it may count as written.
        if (sqlite3_get_autocommit(db_.handle()) != 0)
            return give_back(Trouble::store, Fault{Code::store, "SQLite ended the transaction early"}, false);
        if (!apart && !written.ok()) return give_back(Trouble::job, written.fault(), false);
        if (!apart) continue;
        if (!written.ok()) {
            faults[at] = written.fault();
            tx_->restore(mark);
            if (db_.exec("ROLLBACK TO job") != SQLITE_OK)
                return give_back(Trouble::store, db_.fault("undo a job"), false);
        }
        if (db_.exec("RELEASE job") != SQLITE_OK) return give_back(Trouble::store, db_.fault("end a savepoint"), false);
    }
    return {};
}

Keeper::Attempted Keeper::write_ride(Ride& ride) {
    if (ride.rider == nullptr || tx_->added().empty()) return {};
    ride.wrote = true;
    const Result<void> written = guarded([&] { return ride.rider->write(*tx_, tx_->added()); });
    if (tx_->worst() > Trouble::job)
        return give_back(tx_->worst(), written.ok() ? db_.fault("write") : written.fault(), false);
    if (sqlite3_get_autocommit(db_.handle()) != 0)
        return give_back(Trouble::store, Fault{Code::store, "SQLite ended the transaction early"}, false);
    if (written.ok()) return {};
    Attempted out = give_back(Trouble::job, written.fault(), false);
    out.end = End::rider;
    return out;
}

Keeper::Attempted Keeper::transact(Jobs& group, Ride& ride, bool apart, std::vector<Fault>& faults) {
    const int64_t start_us = now_us();
    if (Result<void> begun = begin(); !begun.ok()) {
        const bool damaged = begun.fault().code == Code::damaged;
        return give_back(damaged ? Trouble::damaged : Trouble::store, begun.fault(), false);
    }
    if (ride.rider != nullptr && !ride.rider->boards()) ride.rider = nullptr;
    tx_->begin(ride.rider != nullptr);
    Attempted attempt = write_all(group, apart, faults);
    if (attempt.end == End::committed) attempt = write_ride(ride);
    if (attempt.end != End::committed) return attempt;
    if (Result<void> counted = tx_->before_commit(); !counted.ok())
        return give_back(std::max(tx_->worst(), Trouble::store), counted.fault(), false);
    if (const int code = commit_.run(); code != SQLITE_OK) {
        // After anything but a lock the commit record may be in the file already: only a later look can tell.
        const bool doubt = (code & 0xff) != SQLITE_BUSY;
        return give_back(std::max(trouble(code), Trouble::store), db_.fault("commit"), doubt);
    }
    tx_->committed();
    lock_.release();
    core_.count(&Counters::commits);
    core_.count(&Counters::commit_us, static_cast<uint64_t>(now_us() - start_us));
    return {};
}

// A savepoint for the ride would cost every group; without one a ride that fails costs a second transaction, once.
Keeper::Attempted Keeper::attempt(Jobs& group, Ride& ride, bool apart, std::vector<Fault>& faults) {
    faults.assign(apart ? group.size() : 0, Fault{Code::ok, {}});
    Attempted attempt = transact(group, ride, apart, faults);
    if (attempt.end != End::rider) return attempt;
    ride.rider = nullptr;
    ride.fault = attempt.fault;
    faults.assign(faults.size(), Fault{Code::ok, {}});
    return transact(group, ride, apart, faults);
}

void Keeper::commit(Jobs& group, Rider* rider) {
    if (group.empty()) return;
    if (!healthy() && now_us() >= heal_at_us_) heal();
    if (!healthy()) {
        finish(group, nullptr, {}, {}, sickness_);
        return;
    }
    std::vector<Fault> faults;
    Ride ride{rider};
    Attempted attempt = this->attempt(group, ride, false, faults);
    if (attempt.end == End::job && group.size() > 1) attempt = this->attempt(group, ride, true, faults);
    if (attempt.end == End::committed) {
        backoff_ms_ = 0;
        false_alarms_ = 0;
    }
    if (attempt.end == End::store) {
        faults.clear();
        if (attempt.doubt) {
            doubt_ = true;
            for (const std::unique_ptr<Job>& job : group) job->in_doubt = true;
        }
        fall_sick(attempt.fault, true);
    }
    finish(group, rider, ride, faults, attempt.fault);
}

// ---- -wal

void Keeper::copy_back() {
    if (wal_pages_ < copy_asked_at_) {  // it has started anew
        copy_asked_at_ = 0;
        copier_.restarted();
    }
    const bool long_enough = wal_pages_ >= copy_back_at_;
    const bool little_left = wal_pages_ - copier_.copied() <= rest_pages || wal_pages_ >= copy_back_at_ + restart_pages;
    if (wal_pages_ >= copy_asked_at_ + checkpoint_pages || (long_enough && !little_left)) {
        copy_asked_at_ = wal_pages_;
        copier_.ask();
    }
    if (!long_enough || !little_left || now_us() < copy_back_after_us_) return;
    busy_until_us_ = now_us() + 5000;
    int in_wal = 0;
    int copied = 0;
    const int mode = static_cast<int64_t>(wal_pages_) * 4096 > wal_limit_bytes ? SQLITE_CHECKPOINT_RESTART
                                                                               : SQLITE_CHECKPOINT_PASSIVE;
    const int code = sqlite3_wal_checkpoint_v2(db_.handle(), "main", mode, &in_wal, &copied);
    // A reader that still looks at an older state holds the rest back: ask again when as much has come anew.
    copy_back_at_ = copied >= in_wal ? restart_pages : wal_pages_ + checkpoint_pages;
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return;
    // The -wal holds everything, so commits go on; it only grows until this works again.
    copy_back_after_us_ = now_us() + 1000000;
    if (trouble(code) == Trouble::damaged) core_.damaged = true;
    uint64_t more = 0;
    core_.count(&Counters::store_faults);
    if (quiet_copy_.pass(now_us(), more))
        core_.log(Level::warning,
                  db_.fault("copy the -wal back into the database").text + "; its file grows meanwhile");
}

}  // namespace trot
