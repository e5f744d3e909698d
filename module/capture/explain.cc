#include "capture/explain.h"

#include <algorithm>

#include "json/pointer.h"
#include "plan/match.h"
#include "url/target.h"

namespace trot {
namespace {

bool candidate(const Hook& hook, const Exchange& exchange) {
    const std::vector<Hook> only = {hook};  // the matcher points into it
    const Matcher matcher(only, exchange.plan->contexts, exchange.plan->store);
    RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    head.fields = &exchange.request_fields;
    return !matcher.collect(head).empty();
}

void list(std::string& all, const std::string& one) {
    const std::string text = " or " + all + " or ";
    if (text.find(" or " + one + " or ") == std::string::npos) all += (all.empty() ? "" : " or ") + one;
}

std::string methods_of(const Hook& hook) {
    std::string out;
    for (const Route& route : hook.routes)
        for (const std::string& method : route.methods) list(out, method);
    return out;
}

std::string paths_of(const Hook& hook) {
    std::string out;
    for (const Route& route : hook.routes) list(out, route.path);
    return out;
}

std::string query_of_route(const Route& route, const Exchange& exchange) {
    const Fields query = parse_query(query_of(exchange.target));
    for (const Field& wanted : route.query) {
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
    for (size_t i = 0; i < hook.routes.size(); ++i) {
        loose.routes = {hook.routes[i]};
        loose.routes[0].query.clear();
        if (candidate(loose, exchange)) return query_of_route(hook.routes[i], exchange);
    }
    loose.routes = hook.routes;
    for (Route& route : loose.routes) {
        route.query.clear();
        route.methods = {"*"};
    }
    if (candidate(loose, exchange)) return "method is " + exchange.method + ", wants " + methods_of(hook);
    return "path " + std::string(path_of(exchange.target)) + " does not match " + paths_of(hook);
}

}  // namespace trot
