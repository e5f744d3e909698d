#include "shim/standalone/resolver.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <system_error>
#include <thread>

namespace trot::host {
namespace {

constexpr int64_t kFreshMs = 30000;  // as long as an answer is used
constexpr int64_t kRetryMs = 1000;   // while the name has no address

}  // namespace

struct Resolver::Shared {
    Shared() : fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
    ~Shared() {
        if (fd >= 0) ::close(fd);
    }
    const int fd;
    std::mutex lock;
    std::vector<SocketAddress> addresses;
    std::string why;
};

Resolver::Resolver(event_base* base, Origin origin, Found found)
    : origin_(std::move(origin)),
      found_(std::move(found)),
      shared_(std::make_shared<Shared>()),
      timer_(base, again, this) {
    ready_ = event_new(base, shared_->fd, EV_READ | EV_PERSIST, done, this);
    if (ready_ != nullptr) event_add(ready_, nullptr);
}

Resolver::~Resolver() {
    if (ready_ != nullptr) event_free(ready_);
}

void Resolver::look_up() {
    if (running_) return;
    auto work = [shared = shared_, origin = origin_] {
        std::string why;
        auto addresses = resolve(origin, why);
        {
            const std::scoped_lock guard(shared->lock);
            shared->addresses = std::move(addresses);
            shared->why = std::move(why);
        }
        eventfd_write(shared->fd, 1);
    };
    // Signals belong to the loop's thread: the new one is born with all of them blocked.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread(std::move(work)).detach();
        running_ = true;
    } catch (const std::system_error&) {
        timer_.set(kRetryMs);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Resolver::done(evutil_socket_t, short, void* self) {
    auto& resolver = *static_cast<Resolver*>(self);
    eventfd_t count = 0;
    eventfd_read(resolver.shared_->fd, &count);
    std::vector<SocketAddress> addresses;
    std::string why;
    {
        const std::scoped_lock guard(resolver.shared_->lock);
        addresses = std::move(resolver.shared_->addresses);
        why = std::move(resolver.shared_->why);
    }
    resolver.running_ = false;
    resolver.timer_.set(addresses.empty() ? kRetryMs : kFreshMs);
    resolver.found_(std::move(addresses), why);
}

}  // namespace trot::host
