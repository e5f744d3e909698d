// Evaluation: an exchange and its plan's hooks → events, and for each hook the reason why (not). Pure but for the JSON reader's
// buffers. Callers: recorder (writer thread), the door's explain. Threads: one Evaluator a thread.
#pragma once

#include <string>
#include <vector>

#include "capture/exchange.h"
#include "json/pointer.h"
#include "store/store.h"

namespace trot {

struct HookReport {
    const Hook* hook = nullptr;
    bool matched = false;
    std::string why;  // "matched", "method is GET, wants POST", "response:/state is \"draft\", wants \"paid\"", …
};

class Evaluator {
  public:
    // Events in the order of the hooks and items. reports: filled for every hook of the plan when not null (explain), else skipped.
    std::vector<Event> evaluate(const Exchange& exchange, std::vector<HookReport>* reports);

  private:
    JsonReader request_, response_;
};

}  // namespace trot
