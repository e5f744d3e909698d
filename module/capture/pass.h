// Pass: one exchange on its way through the hooks: what was found so far. Callers: evaluate, aside. Threads: one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/evaluate.h"
#include "capture/ordering.h"

namespace trot {

// A job and its result, both here: the job's request with the result's answer. Judged once this pass is over.
struct Joined {
    Exchange exchange;
    std::string why;  // for explain: "as the answer to POST /uploads"
};

struct Evaluator::Pass {
    const Exchange& exchange;
    Facts facts;
    std::vector<Event> events;
    std::vector<EventPlace> places;  // of each event
    size_t element = 0;              // of the hook's items
    Memos memos;
    std::vector<Joined> joined;
    std::shared_ptr<const std::string> origin;  // of its events, once one asked
    bool origin_known = false;
    size_t unproven = 0;    // what waits for this exchange and cannot be read
    bool inner = false;     // of a job's joined exchange: jobs are over there
    bool hydrates = false;  // what the upstream is to be asked is wanted, too
};

}  // namespace trot
