// The `dialects` list: shipped ones by name, an operator's own by path. A dialect file holds [[hook]], [capture] (how
// its hooks read requests), [option.NAME] and [[unseen]], nothing else; the main file's [dialect.NAME] sets its
// options. Callers: load.cc. Threads: one load, one thread; reads files.
#pragma once

#include "plan/tables.h"

namespace trot {

// A topic of the real system that no proxy can see.
struct Unseen {
    std::string topic, why, closest;
};

// root: the main file, for `dialects` and [dialect.NAME].
void read_dialects(const RawValue& root, Loading& load, Plan& plan, std::vector<Unseen>& unseen);

const KeyList& unseen_keys();

}  // namespace trot
