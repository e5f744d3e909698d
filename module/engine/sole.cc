#include "engine/sole.h"

#include <unistd.h>

#include <exception>
#include <shared_mutex>

#include "base/thread.h"

namespace trot {
namespace {

std::shared_mutex lock;
Root* engine = nullptr;
pid_t process = 0;  // whose it is: after a fork the child has none

Root* current() { return process == getpid() ? engine : nullptr; }

}  // namespace

Result<void> Sole::claim(Root& root) {
    const std::unique_lock<std::shared_mutex> hold(lock);
    if (current() != nullptr) return Fault{Code::usage, "this process has an engine already: drop that one first"};
    engine = &root;
    process = getpid();
    claimed_ = true;
    return {};
}

void Sole::release() {
    if (!claimed_) return;
    const std::unique_lock<std::shared_mutex> hold(lock);
    engine = nullptr;
    claimed_ = false;
}

Result<void> Sole::beside(const std::function<void()>& body) {
    const std::shared_lock<std::shared_mutex> hold(lock);
    Root* root = current();
    if (root == nullptr) {
        body();
        return {};
    }
    std::exception_ptr thrown;
    Thread thread;
    Result<void> started;
    // The root thread only gives birth to it: it must not keep the engine waiting.
    root->call([&] {
        started = thread.start("trot-query", [&] {
            try {
                body();
            } catch (...) {
                thrown = std::current_exception();
            }
        });
    });
    thread.join();
    if (thrown) std::rethrow_exception(thrown);
    return started;
}

}  // namespace trot
