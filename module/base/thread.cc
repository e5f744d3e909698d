#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <system_error>

namespace trot {

Result<void> Thread::start(const std::string& name, std::function<void()> body) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits the full mask
    try {
        // It takes its name before anything else: until then it has its maker's.
        thread_ = std::thread([own = name.substr(0, 15), run = std::move(body)] {
            pthread_setname_np(pthread_self(), own.c_str());
            run();
        });
    } catch (const std::system_error& error) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return Fault{Code::no_memory, "cannot start thread " + name + ": " + error.what()};
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return {};
}

void Thread::give_way() {
    constexpr int step = 5;  // a third of an equal share, when there is not enough for all
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + step);
}

void Thread::join() {
    if (thread_.joinable()) thread_.join();
}

}  // namespace trot
