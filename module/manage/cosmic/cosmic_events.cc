#include "manage/cosmic/cosmic_events.h"

#include <algorithm>

#include "plan/expr.h"
#include "plan/hearing.h"

namespace trot::cosmic {
namespace {

// The documentation's enumeration (dialects.md 3.1), and the two that later editions of it add.
constexpr std::string_view events[] = {"object.created.draft",
                                       "object.created.published",
                                       "object.edited.draft",
                                       "object.edited.published",
                                       "object.edited.unpublished",
                                       "object.deleted",
                                       "media.created",
                                       "media.edited",
                                       "media.deleted",
                                       "merge.completed"};

}  // namespace

bool is_event(std::string_view event, const Plan& plan) {
    if (std::find(std::begin(events), std::end(events), event) != std::end(events)) return true;
    return topic_is_right(event) && is_heard(event, plan);
}

// Two titles are known, "Object created and published" and "Object edited and unpublished" [S][D]; the others are made
// after them [I]. A draft is no participle: "created as draft".
std::string title_of(std::string_view event) {
    std::string out;
    while (!event.empty()) {
        const std::string_view part = event.substr(0, event.find('.'));
        event.remove_prefix(std::min(event.size(), part.size() + 1));
        if (part == "published" || part == "unpublished") out += " and";
        if (part == "draft") out += " as";
        if (!out.empty()) out += ' ';
        out += part;
    }
    std::replace(out.begin(), out.end(), '_', ' ');
    if (!out.empty() && out.front() >= 'a' && out.front() <= 'z') out.front() = static_cast<char>(out.front() - 32);
    return out;
}

}  // namespace trot::cosmic
