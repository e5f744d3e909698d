// Stock: exchanges that have been recorded, on their way back to the host's loop: the next capture is written into the
// memory of an earlier one, so that in the long run the loop asks malloc for nothing (see base/recycle.h).
// Callers: recorder (owns it), the door (through Recorder::blank). Threads: any.
#pragma once

#include <memory>
#include <mutex>

#include "base/recycle.h"
#include "capture/exchange.h"

namespace trot {

class Stock;

struct GiveBack {
    GiveBack() = default;
    explicit GiveBack(Stock* stock) : stock_(stock) {}
    GiveBack(std::default_delete<Exchange>) {}  // NOLINT(google-explicit-constructor): one of std::make_unique
    void operator()(Exchange* exchange) const noexcept;

  private:
    Stock* stock_ = nullptr;  // outlives it; null: not out of a stock
};
using ExchangePtr = std::unique_ptr<Exchange, GiveBack>;

class Stock {
  public:
    Stock() = default;
    ~Stock() { empty(); }
    Stock(const Stock&) = delete;
    Stock& operator=(const Stock&) = delete;

    // Empty but for its plan, which is the last one it had.
    ExchangePtr take();
    // Lets go of the plans that are not in use any more.
    void empty();

  private:
    friend struct GiveBack;
    struct Kept : Exchange {
        Kept* next = nullptr;
    };
    void put(Kept* exchange) noexcept;

    std::mutex lock_;
    Kept* ready_ = nullptr;  // guarded by lock_
    Returns<Kept> returns_;
};

}  // namespace trot
