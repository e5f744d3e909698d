// Acts: what an operator asks to be done about deliveries, as JSON, at the admin API and on the command line alike:
//   redeliver  {"delivery"} one; {"state","subscription","topic","event","since","until"} all that fit (state: "dead");
//              with "to" and "since" or "event": recorded events once more, as new deliveries for that subscription
//   backfill   {"subscription","since","until","topic","event"}: the recorded events that it has no delivery of
//   cancel     {"task"}, or the filter of redeliver without state: deliveries that have not ended
//   pause, resume {"subscription"}; send-test {"subscription","topic"}: done at once (manage/steering.h), not a task
// "dry_run": true only counts. Times are RFC 3339, or so long ago ("24h"). What is asked becomes a task of the store,
// which the leader carries out in small steps. Callers: admin, the door. Threads: the registry's.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "manage/registry.h"

namespace trot {

struct ActAnswer {
    int status = 202;  // as HTTP says it
    std::string json;  // {"task","kind"}, what was counted, or how the subscription is
};

// by: who asks, for the log and the task's row. Code::usage, Code::not_found, Code::refused (it is in no state for
// that), or what the store says.
Result<ActAnswer> carry_out(Registry& registry, std::string_view what, std::string_view json, const std::string& by,
                            Log* log);
bool is_act(std::string_view what);

}  // namespace trot
