// Deaths: before a leader touches anything, what the one before had in hand when it died is counted, durably. What
// three processes did not survive is put aside: a delivery is dead ("quarantined"), an event is not looked at again. So
// one poisoned order cannot keep the whole dispatcher dying. Callers: lead. Threads: the dispatcher's; Count::write the
// writer's.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "dispatch/context.h"

namespace trot {

class Deaths {
  public:
    // settled: called once the count is durable, or there was none to do.
    Deaths(Context& context, std::function<void()> settled) : context_(context), settled_(std::move(settled)) {}

    // The store's lock has been taken. Calls `settled` at once or later; again while the store refuses.
    void look();
    bool done() const { return done_; }
    bool idle() const { return !flying_; }
    void leave();  // the lock is about to be released

  private:
    struct Count {
        int64_t reign = 0;
        std::vector<InHand> notes;
        Result<void> write(Tx& tx, bool in_doubt);
        static constexpr bool patient = false;
        static constexpr bool overtakes = true;
        static constexpr size_t bytes() { return 0; }
    };
    void came_back(const Count& count, const Result<void>& result);
    void tell(const InHand& note);
    void finish();

    Context& context_;
    std::function<void()> settled_;
    bool opened_ = false;
    bool flying_ = false;
    bool done_ = false;
};

}  // namespace trot
