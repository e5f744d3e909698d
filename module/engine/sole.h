// Sole: the one engine of a process. SQLite keeps for the whole process, by number, the descriptors and the locks of
// the files that it has open: two file tables must never have a store open at once, or one of them would lock and write
// what the same number means there. So a process has one engine, and other uses of a store run in its table.
// Callers: engine (claim), the door (beside). Threads: any.
#pragma once

#include <functional>

#include "base/result.h"
#include "engine/root.h"

namespace trot {

class Sole {
  public:
    Sole() = default;
    ~Sole() { release(); }
    Sole(const Sole&) = delete;
    Sole& operator=(const Sole&) = delete;

    // Waits for bodies that run without an engine. Code::usage when the process has one.
    Result<void> claim(Root& root);
    void release();  // waits for bodies that run beside this one

    // Runs body where this process may open a store: on a thread of the engine's table, or here when there is no
    // engine. Returns when it has ended; what it throws is thrown here. [blocks]
    static Result<void> beside(const std::function<void()>& body);

  private:
    bool claimed_ = false;
};

}  // namespace trot
