// Keeper: the writer's connection and its health. Runs a group of jobs in one transaction, tells a job's failure from
// the store's, reopens, probes, copies the -wal back, notices a deleted or replaced file, and sets a damaged one aside.
// Callers: writer. Threads: the writer's (open() before it starts).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "store/copier.h"
#include "store/core.h"
#include "store/lock_file.h"
#include "store/sqlite.h"
#include "store/tx.h"

namespace trot {

class Keeper {
  public:
    // give_up ends waits for locks early: the writer stops and its time is over.
    Keeper(Core& core, std::function<bool()> give_up);
    ~Keeper() { close(); }

    // Opens the file, or a new one when it is damaged. A fault that may pass by itself (locked, full, …) is not one:
    // the keeper starts sick and heals later.
    Result<void> open();
    void close();  // from the thread that owns it, when the writer's has ended

    using Jobs = std::vector<std::unique_ptr<Job>>;
    // Calls done() of each exactly once, and the rider's (null: none); leaves the group empty.
    void commit(Jobs& group, Rider* rider);

    void tend();                 // whatever is due: repair, probe, watch, copy back; quick when nothing is
    int64_t tend_in_ms() const;  // when the next tend() is useful
    bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

  private:
    enum class End { committed, job, rider, store };
    // The rider of a group: null when there is none, or when it has failed.
    struct Ride {
        Rider* rider = nullptr;
        bool wrote = false;
        Fault fault{Code::ok, {}};
    };
    struct Attempted {
        End end = End::committed;
        Fault fault{Code::ok, {}};
        bool doubt = false;  // the commit failed in a way that may have left it durable
    };

    Attempted attempt(Jobs& group, Ride& ride, bool apart, std::vector<Fault>& faults);
    Attempted transact(Jobs& group, Ride& ride, bool apart, std::vector<Fault>& faults);
    Attempted write_all(Jobs& group, bool apart, std::vector<Fault>& faults);
    Attempted give_back(Trouble worst, Fault fault, bool doubt);
    Attempted write_ride(Ride& ride);
    static void finish(Jobs& group, Rider* rider, const Ride& ride, const std::vector<Fault>& faults, const Fault& all);
    static void finish_one(Job& job, const Fault& fault);

    Result<void> connect(bool& sick);  // lock held
    Result<void> begin();
    void forget();  // the connection's statements
    void disconnect();
    void take(Db db);
    bool moved() const;
    Result<void> follow(bool& sick);      // the file was moved; lock held
    Result<void> quarantine(bool& sick);  // lock held
    Result<void> settle_doubt();
    void fall_sick(const Fault& fault, bool reopen);
    void heal();
    void repair();
    void copy_back();
    bool confirm_damage();
    Result<void> acquire(int64_t wait_ms);
    Result<void> probe();
    bool file_gone() const;  // our connection's database is no longer what the name means
    static int64_t now_us() { return system_clock().steady_us(); }  // waits are real, whatever clock dates the events
    static int on_busy(void* self, int tries);

    Core& core_;
    Copier copier_;
    std::function<bool()> give_up_;
    LockFile lock_;
    Db db_;
    Stmt begin_, commit_;
    std::unique_ptr<SqliteTx> tx_;
    FileId wal_;
    std::atomic<bool> healthy_{false};
    Fault sickness_{Code::store, "the store is not open"};
    bool doubt_ = false;         // a commit of unknown outcome: make the file durable before it counts as healthy
    int64_t busy_ms_ = 0;        // of the lock that was acquired last
    int64_t busy_until_us_ = 0;  // SQLite's busy handler waits until then
    int64_t backoff_ms_ = 0;
    int64_t heal_at_us_ = 0;
    int64_t watch_at_us_ = 0;
    int wal_pages_ = 0;
    int copy_asked_at_ = 0;
    int copy_back_at_ = 0;
    int64_t copy_back_after_us_ = 0;
    int false_alarms_ = 0;
    Quiet quiet_{5000};
    Quiet quiet_copy_{10000};
};

}  // namespace trot
