#include "plan/schedules.h"

#include "plan/load.h"

namespace trot {
namespace {

constexpr int64_t second = 1000;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;
constexpr int64_t day = 24 * hour;

}  // namespace

const std::vector<NamedSchedule>& named_schedules() {
    static const std::vector<NamedSchedule> all = {
        {"standard", default_schedule()},
        {"svix", {5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour}},
        // Longer and longer, for three days.
        {"stripe",
         {5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 12 * hour, 12 * hour, 12 * hour, 12 * hour,
          6 * hour}},
        // Eight times within four hours.
        {"shopify", {minute, 2 * minute, 5 * minute, 10 * minute, 20 * minute, 40 * minute, hour, 100 * minute}},
        {"shareactor", {5 * second, 5 * minute, 30 * minute, 2 * hour}},
        {"datocms", {2 * minute, 6 * minute, 30 * minute, hour, 5 * hour, day, 2 * day}},
        // These never try again.
        {"woocommerce", {}},
        {"cockpit", {}},
        {"github", {}},
        {"once", {}},
    };
    return all;
}

}  // namespace trot
