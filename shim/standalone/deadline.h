// One deadline of a connection or an exchange. Moving it later costs nothing: the timer stays where it is and is set
// anew when it fires too early. So a keep-alive connection touches no timer heap per request. Threads: the loop's.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstdint>

namespace trot::host {

int64_t now_ms();  // monotonic

class Deadline {
  public:
    using Call = void (*)(void*);
    Deadline(event_base* base, Call call, void* argument);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void set(int64_t ms);  // that long from now
    void clear() { due_ = 0; }
    bool is_set() const { return due_ != 0; }

  private:
    static void fired(evutil_socket_t, short, void* self);
    void arm(int64_t ms);

    Call call_;
    void* argument_;
    int64_t due_ = 0;    // 0: none
    int64_t armed_ = 0;  // when the timer will fire; 0: it is not pending
    event timer_;
};

}  // namespace trot::host
