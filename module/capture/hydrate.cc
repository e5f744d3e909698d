#include "capture/hydrate.h"

#include <algorithm>

#include "capture/condition.h"
#include "capture/redact.h"
#include "url/percent.h"

namespace trot {
namespace {

constexpr size_t most_value = 512;
constexpr size_t most_target = 4096;

bool climbs(std::string_view value) {
    return std::any_of(value.begin(), value.end(), [](char c) {
        return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

// Made of fixed text and values together: "." and a value that is "." are "..".
bool has_dots(std::string_view target) {
    std::string_view path = target.substr(0, target.find('?'));
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(segment.size());
    }
    return false;
}

// False: the value is missing, or none that may go into a target.
bool put_value(const Sources& any, Facts& facts, std::string& out) {
    const Source* source = nullptr;
    const Value value = facts.find(any, &source);
    if (!value.there()) return false;
    const std::string text = value.as_text();
    if (text.empty() || text.size() > most_value || climbs(text)) return false;
    const std::vector<std::string>& hidden = facts.exchange().plan->capture.redact;
    if (is_redacted_source(*source, hidden) || is_redacted_text(text, hidden)) return false;
    put_escaped(out, text);
    return true;
}

}  // namespace

std::shared_ptr<const HydrateOrder> order_hydration(const Hook& hook, Facts& facts) {
    const Hydrate& hydrate = hook.hydrate;
    if (!hydrate.set()) return nullptr;
    for (const Condition& condition : hydrate.when)
        if (!check(condition, facts, false).holds) return nullptr;
    std::string target = hydrate.get.pieces.empty() ? hydrate.get.spelling : std::string();
    for (const Wording::Piece& piece : hydrate.get.pieces) {
        if (piece.any.empty())
            target += piece.text;
        else if (!put_value(piece.any, facts, target))
            return nullptr;
    }
    if (target.size() > most_target || has_dots(target)) return nullptr;
    return std::make_shared<const HydrateOrder>(HydrateOrder{std::move(target), hydrate.pointer});
}

}  // namespace trot
