#include "capture/stock.h"

#include <new>
#include <utility>

namespace trot {
namespace {

constexpr size_t most = 1024;

}  // namespace

void GiveBack::operator()(Exchange* exchange) const noexcept {
    if (stock_ == nullptr)
        delete exchange;
    else
        stock_->put(static_cast<Stock::Kept*>(exchange));
}

void Stock::empty() {
    const std::lock_guard<std::mutex> hold(lock_);
    for (Kept* rest : {std::exchange(ready_, nullptr), returns_.take_all()})
        while (rest != nullptr) delete std::exchange(rest, rest->next);
}

ExchangePtr Stock::take() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (ready_ == nullptr) ready_ = returns_.take_all();
        if (ready_ != nullptr) return {std::exchange(ready_, ready_->next), GiveBack(this)};
    }
    return {new Kept, GiveBack(this)};
}

// Cleared here and not when it is taken: its memory is still warm, and the loop's time is dearer.
void Stock::put(Kept* exchange) noexcept {
    try {
        exchange->clear();
        if (!exchange->is_large() && returns_.give(exchange, most)) return;
    } catch (const std::bad_alloc&) {
        // as good as too large
    }
    delete exchange;
}

}  // namespace trot
