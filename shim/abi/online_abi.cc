// The door's look at the network. See trotline.h for what the call promises.
#include <algorithm>
#include <ctime>

#include "engine/online.h"
#include "objects.h"
#include "sealed.h"

using namespace trot;
using namespace trot::abi;

extern "C" int trot_plan_probe(const trot_plan* plan, trot_reply** out, trot_fault* fault) noexcept {
    if (plan == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_plan_probe needs a plan and a place for the reply");
    *out = nullptr;
    return sealed(fault, [&] {
        const Result<std::vector<OnlineFinding>> found = check_online(*plan->plan, static_cast<int64_t>(time(nullptr)));
        if (!found) return tell(fault, found.fault());
        *out = reply_of(online_json(found.value()), "application/x-ndjson");
        const bool all = std::all_of(found.value().begin(), found.value().end(),
                                     [](const OnlineFinding& one) { return one.found.works; });
        return all ? static_cast<int>(TROT_OK) : tell(fault, Code::refused, "some cannot be delivered to");
    });
}
