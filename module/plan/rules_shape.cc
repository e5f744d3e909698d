// What of an event its receiver gets: jq programs, fields that stay here, a link or a claim instead of the payload.
#include <fmt/format.h>

#include "plan/delivery_rules.h"
#include "plan/secret_source.h"
#include "plan/shape_check.h"
#include "plan/units.h"

namespace trot {
namespace {

constexpr size_t least_key = 16;
constexpr size_t most_pointers = 200;

void read_program(Section& section, Loading& load, std::string_view key, std::string& out) {
    const RawValue* value = section.find(key);
    if (value == nullptr) return;
    if (!section.text(key, out) || out.empty() || !load.words.check_program) return;
    if (const Result<void> right = load.words.check_program(out); !right)
        load.report.mistake(value->at, fmt::format("the jq program of '{}' is wrong: {}", key, right.fault().text));
}

void read_pointers(Section& section, Loading& load, std::string_view key, std::vector<std::string>& out) {
    const RawValue* value = section.find(key);
    if (value == nullptr || !section.texts(key, out)) return;
    if (out.size() > most_pointers)
        load.report.mistake(value->at,
                            fmt::format("'{}' has {} fields, it must have at most {}", key, out.size(), most_pointers));
    for (size_t i = 0; i < out.size(); ++i)
        if (const Result<void> right = check_field_pointer(out[i]); !right)
            load.report.mistake(value->kind == RawValue::Kind::list ? value->list[i].at : value->at,
                                fmt::format("'{}' has {}: {}", key, quoted(out[i]), right.fault().text));
}

void read_keys(Section& section, Loading& load, ShapeRules& out) {
    const RawValue* value = section.find("hash_key");
    if (value != nullptr) {
        out.hash_keys = read_secrets(*value, load.report);
        for (const Secret& key : out.hash_keys)
            if (key.reveal().size() < least_key)
                load.report.mistake(value->at, fmt::format("'hash_key' has {} bytes: what it hides could be found by "
                                                           "trying, give it at least {} random ones",
                                                           key.reveal().size(), least_key));
    }
    if (!out.hash.empty() && out.hash_keys.empty() && value == nullptr)
        load.report.mistake(section.find("hash") != nullptr ? section.find("hash")->at : section.at(),
                            "'hash' needs a key, add one like hash_key = { env = \"NAME\" }");
}

void read_payload(Section& section, Loading& load, ShapeRules& out) {
    std::string payload;
    if (section.choice("payload", payload, {"full", "thin", "claim"}))
        out.payload = payload == "thin"    ? ShapeRules::Payload::thin
                      : payload == "claim" ? ShapeRules::Payload::claim
                                           : ShapeRules::Payload::full;
    if (section.text("link", out.link))
        if (const Result<void> right = check_link(out.link); !right)
            load.report.mistake(section.find("link")->at, fmt::format("'link': {}", right.fault().text));
    if (out.claim_ms == 0) out.claim_ms = 60 * minute_ms;
    section.duration("claim_for", out.claim_ms, minute_ms, 30 * day_ms);
    if (section.text("public_url", out.public_url) && !out.public_url.empty() &&
        !upstream_is_right(origin_of(out.public_url)))
        load.report.mistake(section.find("public_url")->at,
                            "'public_url' must be where the world reaches this host, like \"https://hooks.example\"");
    if (out.payload == ShapeRules::Payload::claim && out.public_url.empty()) {
        const RawValue* at = section.find("payload");
        load.report.mistake(at != nullptr ? at->at : section.at(),
                            "payload = \"claim\" needs to know where the world reaches this host, add "
                            "public_url = \"https://hooks.example\" to [delivery]");
    }
}

void read_shape_rules(Section& section, Loading& load, Subscription& out) {
    read_program(section, load, "filter", out.filter);
    read_program(section, load, "transform", out.shape.transform);
    read_pointers(section, load, "drop", out.shape.drop);
    read_pointers(section, load, "mask", out.shape.mask);
    read_pointers(section, load, "hash", out.shape.hash);
    read_keys(section, load, out.shape);
    read_payload(section, load, out.shape);
}

}  // namespace

const RuleGroup& shape_rules() {
    static const RuleGroup group{
        {"filter", "transform", "drop", "mask", "hash", "hash_key", "payload", "link", "claim_for", "public_url"},
        read_shape_rules};
    return group;
}

}  // namespace trot
