#include "capture/explain.h"

#include <algorithm>

#include "json/pointer.h"
#include "plan/match.h"
#include "url/target.h"

namespace trot {
namespace {

bool candidate(const Hook& hook, const Exchange& exchange) {
    const std::vector<Hook> only = {hook};  // the matcher points into it
    const Matcher matcher(only, exchange.plan->capture, exchange.plan->store);
    RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    head.fields = &exchange.request_fields;
    return !matcher.collect(head).empty();
}

std::string methods_of(const Hook& hook) {
    std::string out;
    for (const std::string& method : hook.methods) out += (out.empty() ? "" : " or ") + method;
    return out;
}

std::string query_of_hook(const Hook& hook, const Exchange& exchange) {
    const Fields query = parse_query(query_of(exchange.target));
    for (const Field& wanted : hook.query) {
        const auto same = [&](const Field& field) { return field.name == wanted.name; };
        const auto last = std::find_if(query.rbegin(), query.rend(), same);
        if (last == query.rend()) return "the query has no parameter '" + wanted.name + "'";
        if (wanted.value != "*" && last->value != wanted.value)
            return "query parameter '" + wanted.name + "' is not " + json_quote(wanted.value);
    }
    return "the query does not fit";
}

}  // namespace

std::string why_no_candidate(const Hook& hook, const Exchange& exchange) {
    Hook loose = hook;
    loose.query.clear();
    if (candidate(loose, exchange)) return query_of_hook(hook, exchange);
    loose.methods = {"*"};
    if (candidate(loose, exchange)) return "method is " + exchange.method + ", wants " + methods_of(hook);
    return "path " + std::string(path_of(exchange.target)) + " does not match " + hook.path;
}

}  // namespace trot
