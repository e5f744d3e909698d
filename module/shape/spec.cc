#include "shape/spec.h"

#include <algorithm>
#include <array>

#include "crypto/hmac.h"
#include "json/tree.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 3> payloads{"full", "thin", "claim"};

void put(json_t* object, const char* name, std::string_view text) {
    if (!text.empty()) json_object_set_new(object, name, json_of(text));
}

void put(json_t* object, const char* name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json_t* list = json_array();
    for (const std::string& text : texts) json_array_append_new(list, json_of(text));
    json_object_set_new(object, name, list);
}

std::vector<std::string> texts_of(const json_t* object, const char* name) {
    std::vector<std::string> out;
    const json_t* list = json_object_get(object, name);
    for (size_t i = 0; i < json_array_size(list); ++i)
        if (const json_t* one = json_array_get(list, i); json_is_string(one)) out.emplace_back(json_string_value(one));
    return out;
}

}  // namespace

std::string key_fingerprint(const Secret& key) {
    return hex(Hmac(Digest::sha256, key.reveal()).sign({"trotline hash_key"})).substr(0, 16);
}

std::string spell_shape(const ShapeRules& rules, const std::string& filter) {
    if (!rules.set() && filter.empty()) return {};
    const Json all(json_object());
    if (rules.payload != ShapeRules::Payload::full)
        put(all.get(), "payload", payloads[static_cast<size_t>(rules.payload)]);
    put(all.get(), "link", rules.link);
    if (rules.payload == ShapeRules::Payload::claim) {
        json_object_set_new(all.get(), "claim_ms", json_integer(rules.claim_ms));
        put(all.get(), "public_url", rules.public_url);
    }
    put(all.get(), "drop", rules.drop);
    put(all.get(), "mask", rules.mask);
    put(all.get(), "hash", rules.hash);
    if (!rules.hash.empty() && !rules.hash_keys.empty())
        put(all.get(), "key", key_fingerprint(rules.hash_keys.front()));
    put(all.get(), "filter", filter);
    put(all.get(), "transform", rules.transform);
    return spell_json(all.get());
}

Result<ShapeSpec> read_shape_spec(std::string_view spec) {
    const Result<Json> parsed = parse_json(spec);
    if (!parsed || !json_is_object(parsed.value().get()))
        return Fault{Code::damaged, "the delivery's shape cannot be read"};
    const json_t* all = parsed.value().get();
    ShapeSpec out;
    const std::string_view payload = text_of(all, "payload");
    if (payload == "thin") out.rules.payload = ShapeRules::Payload::thin;
    if (payload == "claim") out.rules.payload = ShapeRules::Payload::claim;
    // A newer Trotline's: what it would leave out is not known here.
    if (!payload.empty() && out.rules.payload == ShapeRules::Payload::full)
        return Fault{Code::damaged, "the delivery's shape is of a newer Trotline"};
    const char* name = nullptr;
    json_t* value = nullptr;
    constexpr std::array<std::string_view, 10> known{"payload", "link", "claim_ms", "public_url", "drop",
                                                     "mask",    "hash", "key",      "filter",     "transform"};
    json_object_foreach(const_cast<json_t*>(all), name, value)  // NOLINT: jansson's macro reads only
        if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end()) return Fault{
            Code::damaged, "the delivery's shape is of a newer Trotline"};
    out.rules.link = text_of(all, "link");
    out.rules.claim_ms = json_integer_value(json_object_get(all, "claim_ms"));
    out.rules.public_url = text_of(all, "public_url");
    out.rules.drop = texts_of(all, "drop");
    out.rules.mask = texts_of(all, "mask");
    out.rules.hash = texts_of(all, "hash");
    out.rules.transform = text_of(all, "transform");
    out.filter = text_of(all, "filter");
    out.key = text_of(all, "key");
    return out;
}

}  // namespace trot
