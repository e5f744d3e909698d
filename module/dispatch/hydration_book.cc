#include "dispatch/hydration_book.h"

#include <iterator>
#include <utility>

namespace trot {
namespace {

constexpr int64_t ask_again_ms = 1000;
constexpr size_t most_settled = 100;  // these two in one job, so that no commit waits long behind it
constexpr size_t most_bytes = 4U << 20;

}  // namespace

Result<void> HydrationBatch::write(Tx& tx, bool) {
    for (const Postponed& one : postponed)
        if (Result<void> done = tx.postpone_hydration(one.event, one.tries, one.due_ms); !done) return done;
    for (const Settled& one : settled)
        if (Result<void> done = tx.settle_hydration(one.event, one.payload.get()); !done) return done;
    return {};
}

size_t HydrationBatch::bytes() const {
    size_t sum = 0;
    for (const Settled& one : settled) sum += 64 + (one.payload ? one.payload->size() : 0);
    return sum;
}

HydrationBook::HydrationBook(Context& context, Durable durable)
    : context_(context), durable_(std::move(durable)), again_(context.base, -1, 0, [this] { submit(); }) {}

void HydrationBook::settle(HydrationBatch::Settled settled) {
    next_->settled.push_back(std::move(settled));
    if (!flying_) submit();
}

void HydrationBook::postpone(const HydrationBatch::Postponed& postponed) {
    next_->postponed.push_back(postponed);
    if (!flying_) submit();
}

void HydrationBook::drop() {
    *next_ = {};
    if (!with_writer_) flying_.reset();
    dropped_ = with_writer_;
    again_.disarm();
}

void HydrationBook::submit() {
    if (with_writer_) return;
    if (!flying_) {
        if (next_->empty()) return;
        flying_ = std::move(next_);
        next_ = std::make_shared<HydrationBatch>();
        std::vector<HydrationBatch::Settled>& all = flying_->settled;
        while (all.size() > 1 && (all.size() > most_settled || flying_->bytes() > most_bytes)) {
            const auto half = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 1) / 2);
            next_->settled.insert(next_->settled.begin(), std::make_move_iterator(half),
                                  std::make_move_iterator(all.end()));
            all.erase(half, all.end());
        }
    }
    with_writer_ = true;
    LoopJob<HydrationBatch>::submit(context_, flying_,
                                    [this](HydrationBatch&, const Result<void>& result) { came_back(result); });
}

void HydrationBook::came_back(const Result<void>& result) {
    with_writer_ = false;
    if (std::exchange(dropped_, false) && !result) {
        flying_.reset();
        return submit();
    }
    if (!result) {
        if (!failing_ && result.fault().code != Code::stopped)
            context_.log.write(Level::error, "dispatch: fetched payloads cannot be written, their events wait: " +
                                                 result.fault().text);
        failing_ = true;
        again_.arm_ms(ask_again_ms);
        return;
    }
    failing_ = false;
    const std::shared_ptr<HydrationBatch> batch = std::move(flying_);
    flying_.reset();
    durable_(*batch);
    submit();
}

}  // namespace trot
