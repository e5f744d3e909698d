// Counters: what the engine has done since it started, for `trotline status`, the metrics page and the tests' ledger
// (offered = delivered + stored + counted drops). Callers: capture, store, dispatch add; engine and door read.
// Threads: any; relaxed atomics, each figure right on its own. Those of one thread share cache lines, no others.
#pragma once

#include <atomic>
#include <cstdint>

namespace trot {

struct Counters {
    using N = std::atomic<uint64_t>;
    // the host's loop
    alignas(64) N captured{0};  // captures committed by the host
    N refused{0};    // exchanges turned away before the upstream (on_fault = "reject", or the budget was used up)
    N abandoned{0};  // captures the host gave up (no success answer)
    // capture
    alignas(64) N recorded{0};  // events durable in the store
    N no_event{0};              // captures whose hooks said no (condition, status)
    N spilled{0};               // captures that went to the spill file because the store was sick
    N replayed{0};              // captures taken back from the spill file
    N dropped{0};   // captures lost: neither store nor spill nor memory could take them (each one is an alarm)
    N unproven{0};  // hooks not applied because the body their conditions ask about could not be read
    N damaged{
        0};  // spilled records that could not be taken back (damaged, or refused by a healthy store); each is an alarm
    N jobs{0};             // exchanges put aside for their result
    N jobs_resolved{0};    // of those: their result went by
    N jobs_unresolved{0};  // given up: no result within job_timeout
    N commits{0};          // transactions committed
    N commit_us{0};        // time spent in them
    N store_faults{0};
    alignas(64) N queue_bytes{0};  // gauge: captures waiting for the recorder
    N queue_count{0};              // gauge
    // dispatch
    alignas(64) N expanded{0};  // deliveries made from events
    N coalesced{0};             // events that joined a delivery that was still gathering
    N batches{0};               // HTTP tries that carried several deliveries as one
    N attempts{0};              // HTTP tries
    N delivered{0};             // deliveries with a 2xx
    N failed{0};                // attempts without a 2xx
    N dead{0};                  // deliveries given up (dead letters)
    N quarantined{0};           // deliveries and events put aside because processes died of them
    N quarantined_events{0};    // of these: events
    N blocked{0};               // attempts the guard refused
    N skipped_own{0};           // deliveries not made: the subscription made the change itself (skip_own)
    N looped{0};                // deliveries not made: its own deliveries led to the change, or too many did
    N throttled{0};             // attempts answered "too many": 429, and 503 with Retry-After
    N expired{0};               // deliveries given up because their event was older than max_age
    N opened{0};                // breakers that opened
    N disabled{0};              // subscriptions disabled
    N recovered{0};             // of those, and of endpoints whose breaker was open: they answer again
    N hydrated{0};              // events whose payload the upstream told when it was asked
    N unhydrated{0};            // events that went as they were recorded, because it did not
    N filtered{0};              // deliveries that their subscription's jq program did not want
    N unshaped{0};              // deliveries given up because their payload could not be made
    N leader{0};                // gauge: 1 while this engine dispatches
    N inflight{0};              // gauge: attempts on the wire
};

}  // namespace trot
