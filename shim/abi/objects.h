// The opaque objects behind the door. Callers: shim/abi/*.cc.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/recycle.h"
#include "capture/memory.h"
#include "capture/needs.h"
#include "engine/engine.h"
#include "plan/match.h"
#include "plan/plan.h"
#include "trotline/trotline.h"

struct trot_plan {
    std::atomic<int> count{1};
    trot::PlanPtr plan;
    trot::Needs needs;
    // What the exchanges that were explained so far left for the next.
    mutable std::mutex explaining;
    mutable trot::MapMemory explained;
};

struct trot_engine {
    // Captures share it: one that outlives the engine's drop gets TROT_ESTOPPED instead of a dangling pointer.
    std::shared_ptr<trot::Engine> engine;
    std::vector<trot::Completion> reaped;  // scratch of the loop thread
};

struct trot_capture {
    std::shared_ptr<trot::Engine> engine;
    trot_plan* plan = nullptr;  // counted
    trot::ExchangePtr exchange;
    uint64_t request_cap = 0, response_cap = 0;
    bool answered = false;

    // Many are alive at once, and a burst of them would spoil malloc for the host's own.
    static void* operator new(size_t) { return trot::Recycled<trot_capture>().allocate(1); }
    static void operator delete(void* at) noexcept {
        trot::Recycled<trot_capture>().deallocate(static_cast<trot_capture*>(at), 1);
    }
};

struct trot_reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;
    std::vector<trot_field> views;  // into fields
    std::string body;
};

namespace trot::abi {

trot_reply* reply_of(std::string body, std::string_view content_type);

}  // namespace trot::abi
