#include "dispatch/endpoint.h"

namespace trot {

Item Endpoint::take() {
    const bool from_fresh = !fresh.empty() && (fresh_turn || backlog.empty());
    fresh_turn = !from_fresh;
    std::deque<Item>& lane = from_fresh ? fresh : backlog;
    Item item = std::move(lane.front());
    lane.pop_front();
    return item;
}

Result<Signer*> Endpoint::signer(const Format& with) {
    std::unique_ptr<Signer>& kept = signers_[&with];
    if (!kept) {
        Result<std::unique_ptr<Signer>> made = with.signer(settings->secrets);
        if (!made) return made.fault();
        kept = std::move(made).value();
    }
    return kept.get();
}

}  // namespace trot
