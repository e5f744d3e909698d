// Jobs and snapshots: what exchanges leave for later ones.
#include <algorithm>

#include "store/tx.h"

namespace trot {

Result<std::optional<std::string>> SqliteTx::find_waiting(std::string_view name, Waiting kind) {
    if (Result<void> prepared = ready(find_waiting_, "SELECT exchange FROM jobs WHERE name = ? AND kind = ?");
        !prepared.ok())
        return prepared.fault();
    Rows rows(find_waiting_.bind(1, name).bind(2, static_cast<int64_t>(kind)));
    std::optional<std::string> found;
    if (rows.next()) found = find_waiting_.text(0);
    if (rows.failed()) return failed("look for a job");
    return found;
}

Result<void> SqliteTx::put_waiting(const WaitingRow& row) {
    if (Result<void> prepared = ready(put_waiting_,
                                      "INSERT INTO jobs (name, kind, at_ms, method, path, exchange) VALUES "
                                      "(?1,?2,?3,?4,?5,?6) ON CONFLICT (name) "
                                      "DO UPDATE SET kind = ?2, at_ms = ?3, method = ?4, path = ?5, exchange = ?6");
        !prepared.ok())
        return prepared;
    put_waiting_.bind(1, row.name)
        .bind(2, static_cast<int64_t>(row.kind))
        .bind(3, row.at_ms)
        .bind(4, row.method)
        .bind(5, row.path)
        .bind_blob(6, row.exchange);
    return run(put_waiting_, "put a job aside");
}

Result<void> SqliteTx::remove_waiting(std::string_view name) {
    if (Result<void> prepared = ready(remove_waiting_, "DELETE FROM jobs WHERE name = ?"); !prepared.ok())
        return prepared;
    return run(remove_waiting_.bind(1, name), "take up a job");
}

Result<std::optional<std::string>> SqliteTx::find_snapshot(std::string_view name, int64_t at_ms) {
    if (Result<void> prepared =
            ready(find_snapshot_, "SELECT number, at_ms, length(state), state FROM snapshots WHERE name = ?");
        !prepared.ok())
        return prepared.fault();
    Rows rows(find_snapshot_.bind(1, name));
    std::optional<std::string> found;
    if (rows.next() && find_snapshot_.number(1) <= at_ms) found = find_snapshot_.text(3);
    if (rows.failed()) return failed("look for a snapshot");
    return found;
}

Result<void> SqliteTx::drop_snapshot(int64_t number, int64_t bytes) {
    if (Result<void> prepared = ready(remove_snapshot_, "DELETE FROM snapshots WHERE number = ?"); !prepared.ok())
        return prepared;
    now_.snapshot_bytes -= bytes;
    return run(remove_snapshot_.bind(1, number), "remove a snapshot");
}

Result<void> SqliteTx::remove_snapshot(std::string_view name, int64_t at_ms) {
    Result<bool> gone = replace_snapshot(name, at_ms);
    if (!gone) return gone.fault();
    return {};
}

// False: there is one that is newer.
Result<bool> SqliteTx::replace_snapshot(std::string_view name, int64_t at_ms) {
    if (Result<void> prepared =
            ready(find_snapshot_, "SELECT number, at_ms, length(state), state FROM snapshots WHERE name = ?");
        !prepared.ok())
        return prepared.fault();
    int64_t number = -1;
    int64_t bytes = 0;
    {
        Rows rows(find_snapshot_.bind(1, name));
        if (rows.next()) {
            // One from the future was written while the clock was wrong: it would stay for ever.
            if (find_snapshot_.number(1) > at_ms && find_snapshot_.number(1) <= clock_.wall_ms()) return false;
            number = find_snapshot_.number(0);
            bytes = find_snapshot_.number(2) + static_cast<int64_t>(name.size());
        }
        if (rows.failed()) return failed("look for a snapshot");
    }
    if (number < 0) return true;
    if (Result<void> done = drop_snapshot(number, bytes); !done.ok()) return done.fault();
    return true;
}

Result<void> SqliteTx::put_snapshot(std::string_view name, int64_t at_ms, std::string_view state) {
    Result<bool> free = replace_snapshot(name, at_ms);
    if (!free) return free.fault();
    if (!free.value()) return {};
    if (Result<void> prepared = ready(put_snapshot_, "INSERT INTO snapshots (name, at_ms, state) VALUES (?,?,?)");
        !prepared.ok())
        return prepared;
    now_.snapshot_bytes += static_cast<int64_t>(name.size() + state.size());
    return run(put_snapshot_.bind(1, name).bind(2, at_ms).bind_blob(3, state), "remember a state");
}

Result<void> SqliteTx::give_up_jobs(const MemoryLimits& limits, Tidied& tidied) {
    if (Result<void> prepared =
            ready(old_jobs_, "SELECT name, kind, at_ms, method, path FROM jobs WHERE at_ms < ? ORDER BY at_ms LIMIT ?");
        !prepared.ok())
        return prepared;
    std::vector<WaitingRow> old;
    {
        Rows rows(old_jobs_.bind(1, limits.jobs_before_ms).bind(2, static_cast<int64_t>(limits.most)));
        while (rows.next()) {
            WaitingRow& row = old.emplace_back();
            row.name = old_jobs_.text(0);
            row.kind = static_cast<Waiting>(old_jobs_.number(1));
            row.at_ms = old_jobs_.number(2);
            row.method = old_jobs_.text(3);
            row.path = old_jobs_.text(4);
        }
        if (rows.failed()) return failed("look for old jobs");
    }
    for (WaitingRow& row : old) {
        if (Result<void> done = remove_waiting(row.name); !done.ok()) return done;
        ++tidied.rows;
        if (row.kind == Waiting::job) tidied.unresolved.push_back(std::move(row));
    }
    return {};
}

Result<void> SqliteTx::drop_snapshots(const MemoryLimits& limits, Tidied& tidied) {
    Result<void> prepared = ready(read_snapshot_bytes_, "SELECT value FROM meta WHERE key = 'snapshot_bytes'");
    if (prepared.ok())
        prepared =
            ready(old_snapshots_,
                  "SELECT number, at_ms, length(state) + length(CAST(name AS BLOB)) FROM snapshots ORDER BY number "
                  "LIMIT ?");
    if (!prepared.ok()) return prepared;
    int64_t held = now_.snapshot_bytes;
    {
        Rows rows(read_snapshot_bytes_);
        if (rows.next()) held += read_snapshot_bytes_.number(0);
        if (rows.failed()) return failed("read how much is remembered");
    }
    struct Row {
        int64_t number, bytes;
    };
    std::vector<Row> old;
    {
        Rows rows(old_snapshots_.bind(1, static_cast<int64_t>(limits.most)));
        while (rows.next()) {
            const bool aged = old_snapshots_.number(1) < limits.snapshots_before_ms;
            if (!aged && held <= static_cast<int64_t>(limits.snapshot_bytes)) break;
            old.push_back({old_snapshots_.number(0), old_snapshots_.number(2)});
            held -= old.back().bytes;
        }
        if (rows.failed()) return failed("look for old snapshots");
    }
    for (const Row& row : old)
        if (Result<void> done = drop_snapshot(row.number, row.bytes); !done.ok()) return done;
    tidied.rows += static_cast<int>(old.size());
    return {};
}

Result<Tidied> SqliteTx::tidy(const MemoryLimits& limits) {
    Tidied tidied;
    Result<void> done = give_up_jobs(limits, tidied);
    if (done.ok()) done = drop_snapshots(limits, tidied);
    if (!done.ok()) return done.fault();
    return tidied;
}

}  // namespace trot
