#include "shim/standalone/hold.h"

#include "shim/standalone/exchange.h"

namespace trot::host {

void Hold::begin(int64_t now) {
    held_ = evbuffer_new();
    since_ms_ = now;
}

void Hold::release(Client& to, int64_t now) {
    if (held_ == nullptr) return;
    to.write(held_);
    lasted_ms_ = now - since_ms_;
    forget();
}

void Hold::forget() {
    if (held_ != nullptr) evbuffer_free(held_);
    held_ = nullptr;
}

void Token::done(const trot_done& result) {
    if (exchange_ != nullptr)
        exchange_->recorded(result);
    else if (!line_.empty())
        worker_.access.finish(std::move(line_), result.ids);
}

}  // namespace trot::host
