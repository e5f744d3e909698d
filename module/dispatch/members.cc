#include "dispatch/members.h"

#include "crypto/ids.h"
#include "dialect/view.h"

namespace trot {

std::shared_ptr<const std::string> Members::body(const Style& style, Renderer& renderer,
                                                 const DeliveryView& batch) const {
    std::vector<std::shared_ptr<const std::string>> kept;
    std::vector<std::string_view> bodies;
    for (const Member& member : list) {
        const Delivery& delivery = member.delivery;
        const std::string id = spell_id(delivery_prefix, delivery.number);
        DeliveryView view = delivery_view(member.data->event(), id, delivery.number, delivery.subscription,
                                          batch.attempt, batch.at_s * 1000);
        view.sequence = delivery.sequence;
        bodies.push_back(*kept.emplace_back(member.data->body(style, renderer, view)));
    }
    return std::make_shared<const std::string>(renderer.batch(bodies));
}

}  // namespace trot
