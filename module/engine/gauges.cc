#include "engine/gauges.h"

namespace trot {
namespace {

constexpr int64_t share = 100;  // of the time, counting takes one part
constexpr int64_t asked_lately_us = 60000000;

}  // namespace

Result<StoreGauges> Gauges::count() {
    if (!reader_) {
        Result<std::unique_ptr<Reader>> made = store_.reader();
        if (!made) return made.fault();
        reader_ = std::move(made).value();
    }
    Result<StoreStatus> status = reader_->status();
    Result<SubscriptionFigures> figures = reader_->subscription_figures();
    if (!status || !figures) {
        reader_.reset();  // the next one connects anew
        return !status ? status.fault() : figures.fault();
    }
    return StoreGauges{status.value(), figures.value()};
}

void Gauges::look() {
    const int64_t begin_us = clock_.steady_us();
    if (begin_us < next_us_) return;
    const Result<StoreGauges> counted = count();
    const int64_t end_us = clock_.steady_us();
    next_us_ = end_us + (end_us - begin_us) * share;
    const std::lock_guard<std::mutex> hold(lock_);
    if (counted)
        last_ = counted.value();
    else
        last_.reset();
}

void Gauges::look_if_asked() {
    const int64_t asked_us = asked_us_.load(std::memory_order_relaxed);
    if (asked_us != 0 && clock_.steady_us() - asked_us < asked_lately_us) look();
}

std::optional<StoreGauges> Gauges::last() {
    asked_us_.store(clock_.steady_us(), std::memory_order_relaxed);
    const std::lock_guard<std::mutex> hold(lock_);
    return last_;
}

}  // namespace trot
