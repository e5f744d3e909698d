#include "store/salvage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "store/migrate.h"

namespace trot {
namespace {

// Reads a table in the order of its INTEGER PRIMARY KEY and jumps over what cannot be read: from the last good row it
// looks further away in doubling steps until a row can be read, then halves back to where the damage ends.
class Scan {
  public:
    // `sql` gives the number as first column, has `number > ?1` and orders by number.
    Scan(Db& db, std::string_view sql, int64_t after) : last_(after) {
        usable_ = row_.prepare(db, sql) == SQLITE_OK;
        if (!usable_) ++gaps_;
    }
    bool next() {
        if (!usable_) return false;
        int code = started_ ? row_.step() : look(last_);
        started_ = true;
        // A row out of order is damage as well.
        if (code == SQLITE_ROW && row_.number(0) <= last_) code = SQLITE_CORRUPT;
        if (code != SQLITE_ROW && code != SQLITE_DONE) code = jump();
        if (code != SQLITE_ROW) return false;
        last_ = row_.number(0);
        return true;
    }
    const Stmt& row() const { return row_; }
    int64_t gaps() const { return gaps_; }

  private:
    int look(int64_t after) {
        row_.reset();
        return row_.bind(1, after).step();
    }
    static bool readable(int code) { return code == SQLITE_ROW || code == SQLITE_DONE; }
    int jump() {
        ++gaps_;
        int64_t bad = last_;
        int64_t good = -1;
        for (int64_t step = 1; good < 0; step *= 2) {
            if (last_ > std::numeric_limits<int64_t>::max() - step) return SQLITE_DONE;
            if (readable(look(last_ + step))) {
                good = last_ + step;
            } else {
                bad = last_ + step;
                if (step > std::numeric_limits<int64_t>::max() / 2) return SQLITE_DONE;
            }
        }
        while (good - bad > 1) {
            const int64_t middle = bad + (good - bad) / 2;
            (readable(look(middle)) ? good : bad) = middle;
        }
        last_ = good;
        return look(good);
    }

    Stmt row_;
    int64_t last_;
    int64_t gaps_ = 0;
    bool usable_ = false;
    bool started_ = false;
};

// Copies whole rows, value by value.
class Copy {
  public:
    Copy(Db& into, std::string_view table, int columns) : into_(into), columns_(columns) {
        std::string sql = "INSERT OR IGNORE INTO " + std::string(table) + " VALUES (?";
        for (int column = 1; column < columns; ++column) sql += ",?";
        code_ = insert_.prepare(into, sql + ")");
    }
    Result<void> row(const Stmt& from, int64_t& copied) {
        for (int column = 0; column < columns_ && code_ == SQLITE_OK; ++column)
            code_ = sqlite3_bind_value(insert_.handle(), column + 1, sqlite3_column_value(from.handle(), column));
        if (code_ == SQLITE_OK) code_ = insert_.run();
        if ((code_ & 0xff) == SQLITE_CONSTRAINT) {  // a garbled row: NULL where there is none
            code_ = SQLITE_OK;
            return {};
        }
        if (code_ != SQLITE_OK) return into_.fault("write into the new store");
        copied += sqlite3_changes(into_.handle());
        return {};
    }

  private:
    Db& into_;
    Stmt insert_;
    int columns_;
    int code_ = SQLITE_OK;
};

constexpr int event_columns_all = 17;
constexpr int delivery_columns_all = 20;
constexpr int attempt_columns_all = 8;
constexpr int subscription_columns_all = 15;
constexpr int hydration_columns_all = 5;
constexpr int job_columns_all = 7;
constexpr int snapshot_columns_all = 4;
constexpr int managed_columns_all = 4;
constexpr int task_columns_all = 8;
constexpr int shape_columns_all = 2;

Result<void> copy_scan(Scan scan, Copy copy, int64_t& copied, int64_t& gaps) {
    while (scan.next())
        if (Result<void> done = copy.row(scan.row(), copied); !done.ok()) return done;
    gaps += scan.gaps();
    return {};
}

// Events that carried deliveries need, and attempts of those deliveries. A delivery whose event is lost becomes a dead
// letter.
Result<void> copy_needed(Db& from, Db& into, Salvaged& sum) {
    Stmt needed;
    Stmt find;
    Stmt give_up;
    if (needed.prepare(
            into,
            "SELECT DISTINCT event FROM (SELECT event FROM deliveries UNION SELECT first_event FROM deliveries WHERE "
            "first_event > 0) WHERE event NOT IN (SELECT number FROM events) ORDER BY event") != SQLITE_OK ||
        give_up.prepare(
            into,
            "UPDATE deliveries SET state = 2, last_error = 'the event was lost when the store was damaged', "
            "finished_ms = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) WHERE event = ? AND "
            "state IN (0, 4, 5)") != SQLITE_OK)
        return into.fault("read the new store");
    std::vector<int64_t> events;
    {
        Rows rows(needed);
        while (rows.next()) events.push_back(needed.number(0));
        if (rows.failed()) return into.fault("read the new store");
    }
    const bool readable = find.prepare(from, "SELECT * FROM events WHERE number = ?") == SQLITE_OK;
    Copy copy(into, "events", event_columns_all);
    for (const int64_t number : events) {
        const int64_t before = sum.events;
        if (readable) {
            Rows rows(find.bind(1, number));
            if (rows.next())
                if (Result<void> done = copy.row(find, sum.events); !done.ok()) return done;
        }
        if (sum.events > before) continue;
        ++sum.lost_events;
        if (give_up.bind(1, number).run() != SQLITE_OK) return into.fault("write into the new store");
    }
    return {};
}

Result<void> copy_attempts(Db& from, Db& into) {
    Stmt tried;
    Stmt find;
    if (tried.prepare(into, "SELECT number FROM deliveries WHERE attempts > 0") != SQLITE_OK)
        return into.fault("read the new store");
    if (find.prepare(from, "SELECT * FROM attempts WHERE delivery = ?") != SQLITE_OK) return {};
    Copy copy(into, "attempts", attempt_columns_all);
    int64_t copied = 0;
    Rows deliveries(tried);
    while (deliveries.next()) {
        Rows rows(find.bind(1, tried.number(0)));
        while (rows.next())
            if (Result<void> done = copy.row(find, copied); !done.ok()) return done;
    }
    if (deliveries.failed()) return into.fault("read the new store");
    return {};
}

// The APIs' next ids and the generation: what was given once must not be given again.
Result<void> copy_counters(Db& from, Db& into) {
    Stmt read;
    Stmt write;
    if (write.prepare(into,
                      "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = "
                      "max(value, ?2)") != SQLITE_OK)
        return into.fault("write into the new store");
    if (read.prepare(from, "SELECT key, value FROM meta WHERE key = 'generation' OR key LIKE 'ids:%'") != SQLITE_OK)
        return {};
    Rows rows(read);
    while (rows.next())
        if (write.bind(1, read.text(0)).bind(2, read.number(1)).run() != SQLITE_OK)
            return into.fault("write into the new store");
    return {};
}

// A lane counts on behind all that was given out in it. A batch is gathered anew: whether all of it is here nobody
// knows, and with a part missing it would be another one.
Result<void> mend_lanes(Db& from, Db& into) {
    Stmt read;
    Stmt write;
    if (write.prepare(into, "INSERT OR IGNORE INTO lanes VALUES (?, ?, ?, ?)") != SQLITE_OK)
        return into.fault("write into the new store");
    if (read.prepare(from, "SELECT subscription, lane, sequence, at_ms FROM lanes") == SQLITE_OK) {
        Rows rows(read);  // what cannot be read begins anew
        while (rows.next())
            if (write.bind(1, read.number(0))
                    .bind(2, read.text(1))
                    .bind(3, read.number(2))
                    .bind(4, read.number(3))
                    .run() != SQLITE_OK)
                return into.fault("write into the new store");
    }
    if (into.exec(
            "INSERT INTO lanes SELECT subscription, lane, max(sequence), max(due_ms) FROM deliveries WHERE sequence > "
            "0 AND lane IS NOT NULL GROUP BY subscription, lane ON CONFLICT (subscription, lane) DO UPDATE SET "
            "sequence = max(sequence, excluded.sequence); "
            "UPDATE deliveries SET state = 4, batch = 0, due_ms = 0 WHERE batch > 0 AND state = 0") != SQLITE_OK)
        return into.fault("write into the new store");
    return {};
}

}  // namespace

Result<Salvaged> salvage(Db& from, Db& into) {
    Salvaged sum;
    Result<void> done = copy_scan(Scan(from, "SELECT * FROM subscriptions WHERE number > ?1 ORDER BY number", 0),
                                  Copy(into, "subscriptions", subscription_columns_all), sum.subscriptions, sum.gaps);
    if (!done.ok()) return done.fault();
    int64_t managed = 0;
    done = copy_scan(Scan(from, "SELECT * FROM managed WHERE number > ?1 ORDER BY number", 0),
                     Copy(into, "managed", managed_columns_all), managed, sum.gaps);
    int64_t shapes = 0;
    if (done.ok())
        done = copy_scan(Scan(from, "SELECT * FROM shapes WHERE number > ?1 ORDER BY number", 0),
                         Copy(into, "shapes", shape_columns_all), shapes, sum.gaps);
    if (done.ok()) done = copy_counters(from, into);
    if (!done.ok()) return done.fault();
    // What waits is owed as well; a snapshot is only help, but costs nothing to carry over.
    done = copy_scan(Scan(from, "SELECT * FROM jobs WHERE number > ?1 ORDER BY number", 0),
                     Copy(into, "jobs", job_columns_all), sum.jobs, sum.gaps);
    int64_t snapshots = 0;
    if (done.ok())
        done = copy_scan(Scan(from, "SELECT * FROM snapshots WHERE number > ?1 ORDER BY number", 0),
                         Copy(into, "snapshots", snapshot_columns_all), snapshots, sum.gaps);
    int64_t tasks = 0;
    if (done.ok())
        done = copy_scan(Scan(from, "SELECT * FROM tasks WHERE number > ?1 ORDER BY number", 0),
                         Copy(into, "tasks", task_columns_all), tasks, sum.gaps);
    if (!done.ok()) return done.fault();
    // Pending ones are owed; dead ones are the list that a person may still want to send again.
    done =
        copy_scan(Scan(from, "SELECT * FROM deliveries WHERE number > ?1 AND state IN (0, 2, 4, 5) ORDER BY number", 0),
                  Copy(into, "deliveries", delivery_columns_all), sum.deliveries, sum.gaps);
    if (!done.ok()) return done.fault();
    int64_t cursor = 0;
    if (from.number("SELECT value FROM meta WHERE key = 'cursor'", cursor) != SQLITE_OK) {
        ++sum.gaps;
        // Expansion goes in the events' order, so whatever has a delivery is behind the cursor.
        if (into.number("SELECT ifnull(max(event), 0) FROM deliveries", cursor) != SQLITE_OK) cursor = 0;
    }
    int64_t last_delivery = 0;
    if (from.number("SELECT max(ifnull((SELECT max(number) FROM deliveries), 0), "
                    "ifnull((SELECT value FROM meta WHERE key = 'last_delivery'), 0))",
                    last_delivery) != SQLITE_OK)
        last_delivery = 0;
    done = copy_scan(Scan(from, "SELECT * FROM events WHERE number > ?1 ORDER BY number", cursor),
                     Copy(into, "events", event_columns_all), sum.events, sum.gaps);
    if (done.ok()) done = copy_needed(from, into, sum);
    if (done.ok()) done = copy_attempts(from, into);
    if (done.ok()) done = mend_lanes(from, into);
    if (!done.ok()) return done.fault();
    int64_t orders = 0;
    done = copy_scan(Scan(from, "SELECT * FROM hydrations WHERE event > ?1 ORDER BY event", 0),
                     Copy(into, "hydrations", hydration_columns_all), orders, sum.gaps);
    if (!done.ok()) return done.fault();
    if (into.exec("DELETE FROM hydrations WHERE event NOT IN (SELECT number FROM events)") != SQLITE_OK)
        return into.fault("write into the new store");
    const std::string meta =
        "UPDATE meta SET value = max(value, " + std::to_string(cursor) +
        ") WHERE key = 'cursor'; UPDATE meta SET value = max(value, " + std::to_string(last_delivery) +
        ") WHERE key = 'last_delivery'; UPDATE meta SET value = (SELECT count(*) FROM events) "
        "WHERE key = 'events'; UPDATE meta SET value = (SELECT ifnull(sum(length(CAST(name AS BLOB)) + "
        "length(state)), 0) FROM snapshots) WHERE key = 'snapshot_bytes'";
    if (into.exec(meta) != SQLITE_OK) return into.fault("write into the new store");
    return sum;
}

Result<Salvaged> salvage_into_new(Db& from, const std::string& path) {
    unlink(path.c_str());
    unlink((path + "-journal").c_str());
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return Fault{Code::store, "cannot make a new store " + path + ": " + std::strerror(errno)};
    close(fd);
    Db into;
    // A rollback journal, so that an interrupted repair leaves an empty file; SQLite makes it as private as the
    // database.
    if (into.open(path, SQLITE_OPEN_READWRITE) != SQLITE_OK) return into.fault("make a new store " + path);
    if (into.exec("PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA secure_delete = OFF") != SQLITE_OK)
        return into.fault("set up the new store " + path);
    if (into.exec("BEGIN IMMEDIATE") != SQLITE_OK) return into.fault("begin the new store " + path);
    if (Result<void> made = migrate_within(into, migrations()); !made.ok()) return made.fault();
    Result<Salvaged> sum = salvage(from, into);
    if (!sum.ok()) return sum.fault();
    if (into.exec("COMMIT") != SQLITE_OK) return into.fault("commit the new store " + path);
    return sum;
}

}  // namespace trot
