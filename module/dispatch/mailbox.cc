#include "dispatch/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace trot {

Result<std::shared_ptr<Mailbox>> Mailbox::make() {
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return Fault{Code::no_memory, std::string("dispatch: no eventfd: ") + strerror(errno)};
    return std::shared_ptr<Mailbox>(new Mailbox(fd));
}

Mailbox::~Mailbox() { ::close(fd_); }

void Mailbox::post(std::function<void()> note) {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (closed_) return;
        notes_.push_back(std::move(note));
    }
    make_readable();
}

void Mailbox::ring() {
    rung_.store(true);
    make_readable();
}

void Mailbox::make_readable() {
    if (readable_.exchange(true)) return;
    const uint64_t one = 1;
    // Can only fail when the counter is full, and then the fd is readable already.
    [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

bool Mailbox::run() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(fd_, &count, sizeof count);
    readable_.store(false);  // before the notes are taken: a note posted from here on makes it readable again
    std::vector<std::function<void()>> notes;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        notes.swap(notes_);
    }
    for (const std::function<void()>& note : notes) note();
    return rung_.exchange(false);
}

void Mailbox::close() {
    std::vector<std::function<void()>> notes;
    const std::lock_guard<std::mutex> hold(lock_);
    closed_ = true;
    notes.swap(notes_);
}

}  // namespace trot
