// Closing: the end of gathering. Of one subscription's deliveries those that have waited long enough are pending, alone
// or in batches; those whose lane is not theirs yet are queued. All of it in one transaction, which looks at what is
// due then: a change that joined one meanwhile has moved it. Once closed nothing joins, and a batch's members stay the
// same, so its bytes are the same on every attempt. Callers: gatherer. Threads: write() the writer's.
#pragma once

#include <cstdint>
#include <vector>

#include "dispatch/context.h"
#include "plan/plan.h"
#include "store/store.h"

namespace trot {

inline constexpr uint64_t most_batch_bytes = 1U << 20;  // of payloads; one that is larger goes alone
inline constexpr int closing_step = 1000;

struct Closing {
    int64_t subscription = 0;
    int64_t now_ms = 0;  // run clock
    BatchRules batch;    // as the settings are now; none: each goes by itself
    int64_t shape = 0;   // the same; one that was made with another shape goes by itself
    // Set by write():
    std::vector<Delivery> closed;  // pending now; of a batch the first one
    unsigned waiting = 0;          // due, but for the others of their batch
    uint64_t waiting_bytes = 0;
    int64_t next_ms = -1;  // when the next may be closed; -1: nothing gathers
    bool more = false;     // there are others that are due already

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = true;
    static constexpr bool overtakes = false;
    size_t bytes() const { return size_t{closing_step} * 64; }

  private:
    Result<bool> may_go(Tx& tx, const Delivery& delivery, const std::vector<Delivery>& with) const;
    Result<void> close_alone(Tx& tx, std::vector<Gathered>& due);
    Result<void> close_batches(Tx& tx, std::vector<Gathered>& due);
    Result<void> close_batch(Tx& tx, std::vector<Delivery>& members);
};

}  // namespace trot
