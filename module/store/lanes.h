// Lanes: what a write transaction knows of deliveries that wait for each other: those of one resource in their order,
// those that still take in later changes, and those that are to go in one request. Small steps only; when which of them
// is taken is dispatch's to decide (dispatch/lanes.h, dispatch/closing.h). Callers: dispatch, inside a job's write().
// Threads: the writer's.
//
// Of a lane's unfinished deliveries with a sequence only the first, by number, may be pending (or several that go in
// one batch); the later ones are queued, or gather.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/values.h"

namespace trot {

// A batch is spelled as an id of its own: its number is its first delivery's, whose id is that of another request.
inline constexpr std::string_view batch_prefix = "bat_";

struct Lane {
    int64_t subscription = 0;
    std::string name;
};

class Lanes {
  public:
    virtual ~Lanes() = default;

    // The lane's next number, from 1; it is used up.
    virtual Result<int64_t> next_sequence(int64_t subscription, std::string_view lane, int64_t now_ms) = 0;
    // The nearest unfinished one in the lane's order that was made before `number`; 0: it is the first.
    virtual Result<int64_t> before(int64_t subscription, std::string_view lane, int64_t number) = 0;
    // The first unfinished ones of the lane's order.
    virtual Result<std::vector<Delivery>> first(int64_t subscription, std::string_view lane, int most) = 0;
    // In which lanes' order a delivery stands, or the members of a batch; each once.
    virtual Result<std::vector<Lane>> lanes_of(int64_t number, bool batch) = 0;

    // The delivery that takes in changes of that resource now; its number is 0 when there is none.
    virtual Result<Delivery> open_window(int64_t subscription, std::string_view lane, bool ordered) = 0;
    // Writes its event, first_event and due_ms: it has taken in one more.
    virtual Result<void> merge(const Delivery& delivery) = 0;
    // Gathering ones that are due by then, or impossibly late (behind `horizon_ms`: the clock was wrong), by due time.
    virtual Result<std::vector<Gathered>> gathered(int64_t subscription, int64_t until_ms, int64_t horizon_ms,
                                                   int most) = 0;
    virtual Result<int64_t> next_gathered(int64_t subscription) = 0;  // due time of the first; -1: there is none
    // Of one that gathers or is queued. It takes in nothing any more.
    virtual Result<void> move(int64_t number, DeliveryState state, int64_t due_ms, int64_t batch) = 0;

    // Counts of lanes that nobody has used since then and nothing waits in; how many went.
    virtual Result<int> forget(int64_t before_ms, int most) = 0;
};

}  // namespace trot
