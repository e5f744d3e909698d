// Exchange: one captured request and its answer, copied out of the host's buffers up to the caps.
// Callers: the door fills it (host's loop), the recorder reads it (writer thread). Threads: one owner at a time, moved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "plan/plan.h"

namespace trot {

struct Exchange {
    PlanPtr plan;         // the one that judged it
    std::string capture;  // 16 bytes, unique (Engine::name_capture)
    std::string method, target, host, zone;
    Fields request_fields;  // only those a hook could ask for, and those decoding and the origin need
    Field credential;       // the field that proves who asks (capture/credential.h); never written anywhere
    std::string request_body;
    bool request_truncated = false;
    int status = 0;
    Fields response_fields;
    std::string response_body;
    bool response_truncated = false;
    bool ended_early = false;  // the answer's body did not come to its end
    bool replayed = false;     // read back from the spill file
    bool awaited = true;       // the answer is held until the commit (guarantee "hold")
    int64_t at_ms = 0;

    size_t bytes() const;                                                 // what it costs the byte budget
    void add(Fields& to, std::string_view name, std::string_view value);  // to its request_fields or response_fields
    void clear();           // empty again but for its plan; keeps its memory for another
    bool is_large() const;  // too much memory to be kept

  private:
    Fields spare_;  // emptied by clear()
};

}  // namespace trot
