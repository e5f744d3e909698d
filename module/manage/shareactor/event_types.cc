#include "manage/shareactor/event_types.h"

#include <algorithm>
#include <array>

#include "plan/hearing.h"

namespace trot::shareactor {
namespace {

constexpr size_t longest_type = 200;

// The list of event types in the API's documentation of 2019; machine_learning_model.runnable is Builton's.
constexpr std::array<std::string_view, 32> native = {
    "order.created",          "order.updated",        "order.cancelled",        "invoice.created",
    "invoice.updated",        "invoice.deleted",      "user.created",           "user.updated",
    "user.deleted",           "subscription.created", "subscription.updated",   "subscription.deleted",
    "subscription.activated", "subscription.future",  "subscription.completed", "subscription.non_renewing",
    "subscription.cancelled", "payment.created",      "payment.updated",        "payment.deleted",
    "payment.succeeded",      "payment.processing",   "payment.failed",         "payment.captured",
    "payment.cancelled",      "product.created",      "product.updated",        "product.deleted",
    "plan.created",           "plan.updated",         "plan.deleted",           "machine_learning_model.runnable"};

}  // namespace

std::string topic_of(std::string_view event_type, const Plan& plan) {
    if (event_type == "invoice.creacted") return "invoice.created";  // as the documentation had it for a while
    if (std::find(native.begin(), native.end(), event_type) != native.end()) return std::string(event_type);
    // One webhook has one type: no pattern.
    if (event_type.empty() || event_type.size() > longest_type || event_type.find('*') != std::string_view::npos)
        return {};
    if (!is_heard(event_type, plan)) return {};
    return std::string(event_type);
}

}  // namespace trot::shareactor
