// Salvage: what a damaged, deleted or replaced file still owes is carried over into another one: events that are not
// expanded or not delivered, their pending and dead deliveries with attempts, subscriptions, cursor. Row by row, around
// the unreadable parts. Callers: keeper. Threads: the writer's.
#pragma once

#include "store/sqlite.h"

namespace trot {

struct Salvaged {
    int64_t events = 0;
    int64_t deliveries = 0;
    int64_t subscriptions = 0;
    int64_t jobs = 0;
    int64_t gaps = 0;         // stretches of rows that could not be read
    int64_t lost_events = 0;  // events that a carried delivery needs and that could not be read
};

// Runs in the open transaction of `into`. What cannot be read of `from` is counted; only a failure to write is a Fault.
// Rows that are there already stay as they are.
Result<Salvaged> salvage(Db& from, Db& into);

// Writes the tables into the empty database `into` and salvages, in one transaction.
Result<Salvaged> salvage_into_new(Db& from, const std::string& path);

}  // namespace trot
