#include "manage/claims.h"

#include <algorithm>

#include "plan/plan.h"
#include "shape/claim.h"
#include "shape/recipe.h"
#include "url/target.h"

namespace trot {
namespace {

Reply reply(int status, std::string_view error) {
    Reply out;
    out.status = status;
    out.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
    out.body = "{\"error\":\"" + std::string(error) + "\"}";
    return out;
}

const Fault no_such{Code::not_found, "there is nothing here"};

// The claim's own part of the path; empty: the path is none of ours.
std::string_view rest_of(const Plan& plan, std::string_view target) {
    const std::string_view path = path_of(target);
    for (const std::string& front : plan.claim_paths)
        if (path.size() > front.size() && path.substr(0, front.size()) == front) return path.substr(front.size());
    return {};
}

// The rules of a subscription, by its row: the newest hash keys are the configuration's.
const ShapeRules& rules_of(const Plan& plan, const SubscriptionRow& row) {
    if (row.origin == "file")
        for (const Subscription& one : plan.subscriptions)
            if (one.name == row.name) return one.shape;
    return plan.delivery.shape;
}

Result<SubscriptionRow> row_of(Reader& reader, int64_t number) {
    Result<SubscriptionRow> row = reader.subscription(number);
    if (row && row.value().state == SubscriptionState::removed) return no_such;
    return row;
}

}  // namespace

bool is_claim(const Plan& plan, std::string_view target) {
    return !plan.claim_paths.empty() && !rest_of(plan, target).empty();
}

Result<Reply> Claims::find(std::string_view rest, const Plan& plan) {
    const Result<Secret> key = claim_key(store_.path());
    if (!key) return key.fault();
    const int64_t number = read_claim(rest, key.value());
    if (number == 0) return no_such;
    Result<std::unique_ptr<Reader>> reader = store_.reader();
    if (!reader) return reader.fault();
    const Result<Delivery> delivery = reader.value()->delivery(number);
    if (!delivery) return delivery.fault();
    const Result<std::string> spec = reader.value()->shape(delivery.value().shape);
    if (!spec) return spec.fault();
    const Result<SubscriptionRow> row = row_of(*reader.value(), delivery.value().subscription);
    if (!row) return row.fault();
    const Result<std::unique_ptr<Recipe>> recipe = Recipe::make(spec.value(), rules_of(plan, row.value()).hash_keys);
    if (!recipe) return recipe.fault();
    if (!recipe.value()->claims() ||
        !claim_holds(delivery.value(), recipe.value()->spec().rules.claim_ms, clock_.wall_ms()))
        return no_such;
    const Result<Event> event = reader.value()->event(delivery.value().event);
    if (!event) return event.fault();
    const Result<Event> shown = recipe.value()->hide(event.value());
    if (!shown) return shown.fault();
    Reply out = reply(200, "");
    const bool opaque = (shown.value().flags & event_opaque) != 0;
    if (opaque) out.fields[0].value = "application/octet-stream";
    out.fields.push_back({"X-Content-Type-Options", "nosniff"});
    out.body = shown.value().payload ? *shown.value().payload : "";
    if (recipe.value()->transform().empty()) {
        if (out.body.empty() && !opaque) out.body = "null";
        return out;
    }
    Result<JqAnswer> made = asker_.ask(JqAsk::transform, recipe.value()->transform(), Recipe::question(shown.value()));
    if (!made) return made.fault();
    if (made.value().verdict != JqVerdict::value)
        return Fault{Code::refused, explain(made.value(), JqAsk::transform, false)};
    out.body = std::move(made.value().bytes);
    return out;
}

Reply Claims::answer(const ManageRequest& request, const Plan& plan) {
    if (request.method != "GET" && request.method != "HEAD") {
        Reply out = reply(405, "only GET");
        out.fields.push_back({"Allow", "GET, HEAD"});
        return out;
    }
    Result<Reply> found = find(rest_of(plan, request.target), plan);
    if (found) return std::move(found).value();
    // Who cannot prove anything learns nothing; who can is told to come again when it is our fault.
    if (found.fault().code != Code::store && found.fault().code != Code::internal) return reply(404, no_such.text);
    Reply out = reply(503, "the payload cannot be had now");
    out.fields.push_back({"Retry-After", "5"});
    return out;
}

}  // namespace trot
