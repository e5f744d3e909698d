#include "dialect/changed.h"

#include <algorithm>

namespace trot {
namespace {

const JsonMember* member_of(const std::vector<JsonMember>& members, std::string_view key) {
    const auto found =
        std::find_if(members.begin(), members.end(), [key](const JsonMember& one) { return one.key == key; });
    return found == members.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Changes::One> Changes::of(const EventView& event) {
    std::vector<One> out;
    if (!known(event)) return out;
    now_.load(event.payload);
    before_.load(event.previous);
    if (now_.find("").kind != JsonKind::object || before_.find("").kind != JsonKind::object) return out;
    const std::vector<JsonMember> now = now_.members("");
    const std::vector<JsonMember> before = before_.members("");
    for (const JsonMember& was : before) {
        const JsonMember* is = member_of(now, was.key);
        if (is == nullptr || is->value.raw != was.value.raw) out.push_back({was.key, was.value.raw});
    }
    for (const JsonMember& is : now)
        if (member_of(before, is.key) == nullptr) out.push_back({is.key, "null", true});
    return out;
}

}  // namespace trot
