#include "manage/woocommerce/changes.h"

#include <fmt/format.h>

#include "dialect/style.h"
#include "dialect/woocommerce_ping.h"
#include "manage/intake.h"
#include "manage/sent.h"

namespace trot::woo {
namespace {

Refusal plain(int status, std::string code, std::string message) {
    return {status, std::move(code), std::move(message), {}, {}, {}};
}

std::string code_of(Family family, std::string_view member) {
    return family == Family::legacy ? fmt::format("woocommerce_api_invalid_webhook_{}", member)
                                    : fmt::format("woocommerce_rest_shop_webhook_invalid_{}", member);
}

std::string topic_message(bool creates) {
    return creates ? "Webhook topic is required and must be valid." : "Webhook topic must be valid.";
}

std::string url_message(Family family) {
    return fmt::format("Webhook delivery URL must be a valid URL starting with http:// or https://{}",
                       family == Family::legacy ? "" : ".");
}

std::string message_of(Family family, const Mistake& wrong, bool creates) {
    if (wrong.kind == Mistake::Kind::guarded)
        return "Webhook delivery URL is not allowed: it leads to an address that webhooks may not be sent to.";
    if (wrong.member == "topic") return topic_message(creates);
    if (wrong.member == "delivery_url") return url_message(family);
    if (wrong.member == "status" && wrong.kind == Mistake::Kind::value) return "Webhook status must be valid.";
    if (wrong.member == "attributes") return "The webhook's further attributes must have at most 16384 bytes.";
    return fmt::format("Webhook {} must be a text of at most 1000 bytes without control characters.", wrong.member);
}

// The original's own words where it has some. WordPress checks types before WooCommerce sees a value; control bytes and
// lengths are refused here and not there.
Refusal refusal_of(Family family, const Mistake& wrong, bool creates) {
    const std::string member(wrong.member);
    const bool words = wrong.kind == Mistake::Kind::value || wrong.kind == Mistake::Kind::guarded ||
                       wrong.member == "topic" || wrong.member == "delivery_url";
    if (family == Family::rest && wrong.kind == Mistake::Kind::type)
        return invalid_params({{member, member + " is not of type string.", "rest_invalid_type"}});
    if (family == Family::rest && !words)
        return invalid_params({{member, message_of(family, wrong, creates),
                                wrong.kind == Mistake::Kind::length ? "rest_too_long" : "rest_invalid_pattern"}});
    return plain(400, code_of(family, wrong.member), message_of(family, wrong, creates));
}

OneOff ping(const Subscription& settings) {
    OneOff out;
    out.event.topic = "webhook.ping";
    out.event.resource = "webhook";
    out.event.action = "ping";
    FormatOptions options = settings.options;
    options.push_back({"message", {"ping"}});
    out.format = spell_style(std::string(woocommerce_ping_name), options);
    return out;
}

}  // namespace

std::optional<Refusal> plan_creation(const Ask& ask, const json_t* said, const json_t* attributes, Change& out) {
    const Family family = ask.place.family;
    Wanted wanted;
    if (const Mistake wrong = read_wanted(said, attributes, wanted)) return refusal_of(family, wrong, true);
    if (wanted.topic.empty()) return plain(400, code_of(family, "topic"), topic_message(true));
    // A new webhook is active, whatever its client says.
    wanted.status = "active";
    Draft draft = new_draft(ask.caller, family, origin_of(ask.request) + ask.caller.api->prefix + '/');
    if (wanted.name.empty()) wanted.name = default_name(ask.world.clock.wall_ms());
    if (wanted.secret.empty()) wanted.secret = default_secret(ask.caller, family);
    const bool no_url = wanted.delivery_url.empty();
    if (const Mistake wrong = change_draft(draft, wanted, ask.caller, family, ask.world))
        return refusal_of(family, wrong, true);
    if (no_url) return plain(400, code_of(family, "delivery_url"), url_message(family));
    out.kind = Change::Kind::add;
    out.managed = std::move(draft.managed);
    out.one_off = ping(draft.settings);
    return std::nullopt;
}

std::optional<Refusal> plan_change(const Ask& ask, const ManagedRow& managed, const json_t* said,
                                   const json_t* attributes, Change& out) {
    const Family family = ask.place.family;
    Wanted wanted;
    if (const Mistake wrong = read_wanted(said, attributes, wanted)) return refusal_of(family, wrong, false);
    Result<Subscription> settings = settings_of(managed, ask.world.plan);
    if (!settings) return store_refusal(family, settings.fault());
    Draft draft{managed, std::move(settings).value()};
    if (const Mistake wrong = change_draft(draft, wanted, ask.caller, family, ask.world))
        return refusal_of(family, wrong, false);
    out.kind = Change::Kind::change;
    out.managed = std::move(draft.managed);
    return std::nullopt;
}

Change plan_removal(const ManagedRow& managed) {
    Change out;
    out.kind = Change::Kind::remove;
    out.managed = managed;
    return out;
}

std::optional<Refusal> check_room(const Ask& ask, uint64_t more) {
    if (more == 0) return std::nullopt;
    const Result<void> room = trot::check_room(*ask.caller.api, ask.world.registry, more);
    if (room) return std::nullopt;
    if (room.fault().code != Code::full) return store_refusal(ask.place.family, room.fault());
    const bool legacy = ask.place.family == Family::legacy;
    return plain(403, legacy ? "woocommerce_api_cannot_create_webhook" : "woocommerce_rest_cannot_create",
                 fmt::format("No more than {} webhooks can be created.", ask.caller.api->most));
}

Result<ManagedRow> find_webhook(const Ask& ask, const std::string& id) {
    return ask.world.registry.find(ask.caller.api->name, id);
}

}  // namespace trot::woo
