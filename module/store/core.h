// What the writer, the readers and the check of one open store share: its options and files, and two words between
// threads. Callers: store (owns it), keeper, writer, reader. Threads: any.
#pragma once

#include <atomic>

#include "store/files.h"
#include "store/store.h"

namespace trot {

struct Core {
    explicit Core(const StoreOptions& given) : options(given), files(given.path) {}

    const StoreOptions options;
    const StoreFiles files;
    std::atomic<uint64_t> generation{1};  // counts the files this store has lived in: a reader of an older one reopens
    std::atomic<bool> damaged{false};     // somebody met damage; the writer's thread sees to it
    std::atomic<bool> confirmed{false};   // and SQLite's whole check says so too
    std::atomic<bool> stopping{false};    // ends long checks

    void log(Level level, std::string line) const {
        if (options.log != nullptr) options.log->write(level, "store: " + std::move(line));
    }
    void count(Counters::N Counters::*which, uint64_t by = 1) const {
        if (options.counters != nullptr) (options.counters->*which).fetch_add(by, std::memory_order_relaxed);
    }
};

}  // namespace trot
