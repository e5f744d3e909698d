#include "dispatch/retention.h"

namespace trot {
namespace {

constexpr int step_rows = 1000;
constexpr int64_t first_ms = 5000;      // a start has better things to do
constexpr int64_t next_step_ms = 100;   // while steps come back full
constexpr int64_t next_look_ms = 5000;  // while there is a little
constexpr int64_t rest_ms = 60000;

}  // namespace

Result<void> Retention::Prune::write(Tx& tx, bool) {
    const Result<int> taken = tx.prune(before_ms, step_rows);
    if (!taken) return taken.fault();
    gone = taken.value();
    return {};
}

void Retention::start(const StoreConfig& config) {
    keep_ms_ = config.retention_ms;
    keep_bytes_ = config.retention_bytes;
    if (!running_) timer_.arm_ms(first_ms);
    running_ = true;
}

void Retention::stop() {
    running_ = false;
    timer_.disarm();
}

bool Retention::too_large() {
    if (keep_bytes_ == 0) return false;
    Reader* reader = context_.read();
    if (reader == nullptr) return false;
    const Result<StoreStatus> status = reader->status();
    if (status) return status.value().file_bytes > keep_bytes_;
    context_.read_failed(status.fault());
    return false;
}

void Retention::step() {
    if (!running_ || flying_) return;
    auto prune = std::make_shared<Prune>();
    const int64_t now = context_.run.now_ms();
    prune->before_ms = too_large() ? now : now - keep_ms_;
    flying_ = true;
    LoopJob<Prune>::submit(context_, prune,
                           [this](Prune& done, const Result<void>& result) { came_back(done, result); });
}

void Retention::came_back(const Prune& prune, const Result<void>& result) {
    flying_ = false;
    if (!running_) return;
    const int gone = result ? prune.gone : 0;
    timer_.arm_ms(gone >= step_rows / 2 ? next_step_ms : gone > 0 ? next_look_ms : rest_ms);
}

}  // namespace trot
