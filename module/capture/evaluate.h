// Evaluation: an exchange and its plan's hooks → events, memos for later exchanges, and for each hook the reason why
// (not). A function of the exchange and the memory; only the JSON readers' buffers stay. Callers: recorder (writer
// thread), the door's explain. Threads: one Evaluator a thread.
//
// Rules, where the configuration leaves them open:
// - All of `when` must hold. What a condition asks of a body that cannot be read (cut, undecodable) is not proven: no
// event.
// - A hook that holds but whose id or payload cannot be read still gives its event, marked (event_unmapped,
// event_truncated,
//   event_partial_answer); its payload is then {"id":…} or null. An event's payload is sound JSON unless event_opaque
//   is set.
// - Without `payload`: the batch item, else the answer's body, else (empty) {"id":…}. A form gives an object of its
// fields. With phase "before" the request takes the answer's place.
// - Each topic of a hook makes an event of its own. One whose computed part is missing or no part of a topic makes
// none.
// - Events of phase "before" come first; where hooks walk the same array, first of their element.
// - The result of a job makes the events that the job's own request would have made, had it been answered so.
// - `previous:` is what the memory held before the exchange; the exchange's own snapshots come after its events.
// - With `items`: one event for each element, conditions on item: and request-item: are asked of each; an answer that
// cannot be
//   read gives one marked event; an answer without that array gives none.
#pragma once

#include <string>
#include <vector>

#include "capture/exchange.h"
#include "capture/memory.h"
#include "capture/source.h"
#include "plan/match.h"
#include "store/store.h"

namespace trot {

struct HookReport {
    const Hook* hook = nullptr;
    bool matched = false;
    std::string why;  // "matched", "method is GET, wants POST", "response:/state is \"draft\", wants \"paid\"", …
};

inline constexpr size_t max_items = 10000;  // events of one exchange and hook; a longer array is cut and marked

class Evaluator {
  public:
    struct Pass;

    // Events in the order of the hooks, items and topics, those of phase "before" first. reports: filled for every hook
    // of the plan when not null (explain), else skipped. Throws nothing but std::bad_alloc.
    std::vector<Event> evaluate(const Exchange& exchange, Memory& memory, std::vector<HookReport>* reports);
    std::vector<Event> evaluate(const Exchange& exchange, std::vector<HookReport>* reports);  // with no memory

    // Of the last evaluate():
    // Hooks that may have been meant but whose conditions could not be read.
    size_t unproven() const { return unproven_; }
    const Memos& memos() const { return memos_; }
    Memos take_memos() { return std::move(memos_); }
    // The memory was asked, so that another time it may end differently.
    bool recalled() const { return recalled_; }
    // Why the memory could not be read: then the events are not to be used.
    const std::optional<Fault>& fault() const { return fault_; }

  private:
    std::vector<Event> run(const Exchange& exchange, Memory& memory, bool inner, std::vector<HookReport>* reports);
    size_t act(Pass& pass, const PathMatch& match, std::string_view item, uint32_t flags, std::string* why);
    size_t judge(Pass& pass, const PathMatch& match, Memory& memory, std::string* why);
    bool conditions(Pass& pass, const Hook& hook, bool of_items, std::string* why);
    size_t each_item(Pass& pass, const PathMatch& match, std::string* why);
    size_t emit(Pass& pass, const PathMatch& match, std::string_view item, uint32_t flags, std::string* why);

    Readers readers_;
    JsonReader scratch_;
    size_t unproven_ = 0;
    Memos memos_;
    bool recalled_ = false;
    std::optional<Fault> fault_;
};

}  // namespace trot
