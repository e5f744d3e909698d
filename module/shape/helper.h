// JqHelper: a process of its own that runs jq programs, because libjq can neither be stopped nor bounded nor trusted
// with its stack inside ours: an endless program, a huge one or a deep value ends that process and nothing else. Its
// program lies inside this library and is started from memory, so that nothing has to be found at run time; it has no
// environment, no file but its socket, and (by seccomp) no way to open one. It bounds itself: CPU time, memory. It is
// no child of ours (a host counts its children), and ends when its socket is closed. Callers: asker, dispatch.
// Threads: any; an instance belongs to one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "shape/frames.h"

namespace trot {

class JqHelper {
  public:
    JqHelper() = default;
    ~JqHelper() { end(); }
    JqHelper(const JqHelper&) = delete;
    JqHelper& operator=(const JqHelper&) = delete;

    Result<void> start();  // some milliseconds; the first compilation takes thirty more
    void end();            // also while it is at work
    bool running() const { return socket_ >= 0; }
    int socket() const { return socket_; }  // non-blocking

  private:
    int socket_ = -1;
};

struct JqAnswer {
    JqVerdict verdict = JqVerdict::crash;
    std::string bytes;
    bool fatal() const { return verdict >= JqVerdict::time; }
};

// Appends a question.
void put_question(std::string& out, JqAsk ask, std::string_view program, std::string_view input);
// Cuts the next whole reply off the front of `in`. False: more must come.
bool take_reply(std::string& in, JqAnswer& out);
// What is wrong, for a person: "the transform raised an error: …". An error's text may quote the payload: without
// `quotes`, for logs, it is left out.
std::string explain(const JqAnswer& answer, JqAsk ask, bool quotes = true);

}  // namespace trot
