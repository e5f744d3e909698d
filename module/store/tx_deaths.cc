// Poison: what a process had in hand when it died. Counted once for each reign, in the transaction that says so.
#include <algorithm>

#include "store/tx.h"

namespace trot {
namespace {

constexpr int64_t quarantined_flag = event_quarantined;
constexpr int64_t owed_flag = event_owed;

}  // namespace

Result<int64_t> SqliteTx::deaths_of_event(int64_t event) {
    const std::string key = "deaths:" + std::to_string(event);
    Stmt count;
    if (Result<void> prepared = ready(count,
                                      "INSERT INTO meta (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET "
                                      "value = value + 1 RETURNING value");
        !prepared.ok())
        return prepared.fault();
    Rows rows(count.bind(1, key));
    if (!rows.next()) return failed("count a death");
    const int64_t deaths = count.number(0);
    while (rows.next()) continue;
    if (rows.failed()) return failed("count a death");
    return deaths;
}

// One that is owed a payload goes as it was recorded: it was the upstream's answer that nobody survived. What has been
// expanded stays as it is.
Result<void> SqliteTx::quarantine(int64_t event) {
    Stmt look;
    if (Result<void> prepared = ready(look, "SELECT flags FROM events WHERE number = ?"); !prepared.ok())
        return prepared;
    int64_t flags = 0;
    {
        Rows rows(look.bind(1, event));
        if (rows.next()) flags = look.number(0);
        if (rows.failed()) return failed("look for an event");
    }
    if ((flags & owed_flag) != 0) return settle_hydration(event, nullptr);
    Stmt mark;
    if (Result<void> prepared = ready(mark, "UPDATE events SET flags = flags | ?2 WHERE number = ?1"); !prepared.ok())
        return prepared;
    return run(mark.bind(1, event).bind(2, quarantined_flag), "quarantine an event");
}

Result<void> SqliteTx::count_death(InHand& note) {
    if (!note.delivery) {
        const Result<int64_t> deaths = deaths_of_event(note.number);
        if (!deaths) return deaths.fault();
        note.deaths = static_cast<unsigned>(deaths.value());
        return note.deaths < most_deaths ? Result<void>() : quarantine(note.number);
    }
    Stmt count;
    if (Result<void> prepared =
            ready(count,
                  "UPDATE deliveries SET deaths = ifnull(deaths, 0) + 1, state = CASE WHEN ifnull(deaths, 0) + 1 >= ?2 "
                  "THEN 2 ELSE state END, last_error = CASE WHEN ifnull(deaths, 0) + 1 >= ?2 THEN 'quarantined' ELSE "
                  "last_error END, finished_ms = CASE WHEN ifnull(deaths, 0) + 1 >= ?2 THEN ?3 ELSE finished_ms END "
                  "WHERE number = ?1 AND state IN (0, 4, 5) RETURNING deaths");
        !prepared.ok())
        return prepared;
    Rows rows(count.bind(1, note.number).bind(2, static_cast<int64_t>(most_deaths)).bind(3, clock_.wall_ms()));
    while (rows.next()) note.deaths = static_cast<unsigned>(count.number(0));
    if (rows.failed()) return failed("count a death");
    if (note.deaths < most_deaths) return {};
    // A batch is in hand under its first one's number, and ends as one.
    Stmt mates;
    if (Result<void> prepared = ready(mates,
                                      "UPDATE deliveries SET state = 2, last_error = 'quarantined', finished_ms = ?2 "
                                      "WHERE batch = ?1 AND batch > 0 AND finished_ms = 0");
        !prepared.ok())
        return prepared;
    return run(mates.bind(1, note.number).bind(2, clock_.wall_ms()), "quarantine a batch");
}

// Of events that have been looked at since, and survived.
Result<void> SqliteTx::forget_deaths(const std::vector<InHand>& notes) {
    std::string sql =
        "DELETE FROM meta WHERE key LIKE 'deaths:%' AND CAST(substr(key, 8) AS INTEGER) NOT IN (SELECT number FROM "
        "events WHERE number = CAST(substr(key, 8) AS INTEGER) AND (number > (SELECT value FROM meta WHERE key = "
        "'cursor') OR flags & 256 <> 0))";
    for (const InHand& note : notes)
        if (!note.delivery) sql += " AND key <> 'deaths:" + std::to_string(note.number) + "'";
    Stmt forget;
    if (Result<void> prepared = ready(forget, sql); !prepared.ok()) return prepared;
    return run(forget, "forget deaths");
}

Result<void> SqliteTx::count_deaths(int64_t reign, std::vector<InHand>& notes) {
    for (InHand& note : notes) note.deaths = 0;
    Stmt put;
    Result<void> done = ready(put,
                              "INSERT INTO meta (key, value) VALUES ('reign', ?1) ON CONFLICT (key) DO UPDATE SET "
                              "value = ?1 WHERE value <> ?1");
    if (done.ok()) done = run(put.bind(1, reign), "count a reign");
    if (!done.ok()) return done;
    if (sqlite3_changes(db_.handle()) == 0)
        return {};  // the one before us has counted them, and died before it said so
    if (done = forget_deaths(notes); !done.ok()) return done;
    for (InHand& note : notes)
        if (done = count_death(note); !done.ok()) return done;
    return {};
}

}  // namespace trot
