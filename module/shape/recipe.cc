#include "shape/recipe.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "crypto/ids.h"
#include "json/pointer.h"
#include "url/percent.h"

namespace trot {
namespace {

constexpr uint32_t of_old_payload = event_truncated | event_opaque | event_partial_answer;

void member(std::string& out, std::string_view name, std::string_view text) {
    out += out.back() == '{' ? "\"" : ",\"";
    ((out += name) += "\":") += json_quote(text);
}

std::string named(std::string_view link, const Event& event) {
    const std::string id = spell_id(event_prefix, event.number);
    const std::array<std::pair<std::string_view, std::string_view>, 5> tags{{{"{id}", event.resource_id},
                                                                             {"{resource}", event.resource},
                                                                             {"{topic}", event.topic},
                                                                             {"{action}", event.action},
                                                                             {"{event}", id}}};
    std::string out;
    while (!link.empty()) {
        const auto tag = std::find_if(tags.begin(), tags.end(), [link](const auto& one) {
            return link.substr(0, one.first.size()) == one.first;
        });
        if (tag == tags.end()) {
            out += link.front();
            link.remove_prefix(1);
        } else {
            put_escaped(out, tag->second);
            link.remove_prefix(tag->first.size());
        }
    }
    return out;
}

// What stands for a payload that is not sent.
std::string pointer_to(const Event& event, std::string_view url) {
    std::string out = "{";
    member(out, "id", event.resource_id);
    member(out, "type", event.resource);
    if (!url.empty()) member(out, "url", url);
    return out + "}";
}

}  // namespace

Recipe::Recipe(ShapeSpec spec, std::string_view key)
    : spec_(std::move(spec)), fields_(spec_.rules.drop, spec_.rules.mask, spec_.rules.hash, key) {}

Result<std::unique_ptr<Recipe>> Recipe::make(std::string_view spec, const std::vector<Secret>& keys) {
    Result<ShapeSpec> read = read_shape_spec(spec);
    if (!read) return read.fault();
    std::string_view key;
    if (!read.value().rules.hash.empty()) {
        const auto fits = [&](const Secret& one) { return key_fingerprint(one) == read.value().key; };
        const auto found = std::find_if(keys.begin(), keys.end(), fits);
        if (found == keys.end())
            return Fault{Code::config,
                         "its hash_key is not there any more: give the subscription both, hash_key = [NEW, OLD]"};
        key = found->reveal();
    }
    return std::unique_ptr<Recipe>(new Recipe(std::move(read).value(), key));  // NOLINT: the constructor is private
}

std::string Recipe::question(const Event& event) {
    const auto raw = [](const std::shared_ptr<const std::string>& json) {
        return json && !json->empty() ? std::string_view(*json) : std::string_view("null");
    };
    const bool opaque = (event.flags & event_opaque) != 0;
    std::string out = "{\"event\":{";
    member(out, "id", spell_id(event_prefix, event.number));
    member(out, "topic", event.topic);
    member(out, "resource", event.resource);
    member(out, "resource_id", event.resource_id);
    member(out, "action", event.action);
    member(out, "at", rfc3339(event.at_ms));
    (out += ",\"previous\":") += raw(event.previous);
    (out += ",\"context\":") += raw(event.context);
    (out += "},\"payload\":") += opaque ? std::string_view("null") : raw(event.payload);
    return out + "}";
}

Result<Event> Recipe::hide(const Event& event) {
    Event out = event;
    const bool changes = !fields_.empty() || !spec_.rules.transform.empty();
    if (changes && (event.flags & event_opaque) != 0)
        return Fault{Code::refused, "the payload is no JSON: its members cannot be left out or hidden"};
    if (fields_.empty()) return out;
    for (std::shared_ptr<const std::string>* text : {&out.payload, &out.previous}) {
        if (!*text || (*text)->empty()) continue;
        Result<std::string> hidden = fields_.apply(**text);
        if (!hidden) return hidden.fault();
        *text = std::make_shared<const std::string>(std::move(hidden).value());
    }
    return out;
}

Event Recipe::with(Event event, std::string payload) {
    event.payload = std::make_shared<const std::string>(std::move(payload));
    event.flags &= ~of_old_payload;
    return event;
}

Event Recipe::link(const Event& event) const {
    Event out = with(event, pointer_to(event, named(spec_.rules.link, event)));
    out.previous = nullptr;
    return out;
}

Event Recipe::claim(const Event& event, const std::string& url) {
    Event out = with(event, pointer_to(event, url));
    out.previous = nullptr;
    return out;
}

}  // namespace trot
