#include "manage/apis.h"

#include <algorithm>

#include "url/target.h"

namespace trot {
namespace {

std::string_view without_port(std::string_view host) {
    const size_t colon = host.rfind(':');
    return colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos ? host
                                                                                              : host.substr(0, colon);
}

bool host_fits(const ApiConfig& api, std::string_view host) {
    return api.hosts.empty() || std::any_of(api.hosts.begin(), api.hosts.end(), [host](const std::string& one) {
               return equal_nocase(one, without_port(host));
           });
}

// "/shop" before "/shop/webhooks", not before "/shopping".
bool prefix_fits(std::string_view prefix, std::string_view path) {
    return path.substr(0, prefix.size()) == prefix && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

ApiMatch match_api(const Plan& plan, std::string_view target, std::string_view host) {
    ApiMatch match;
    if (plan.apis.empty()) return match;
    const std::string_view whole = path_of(target);
    const std::string_view query = query_of(target);
    const ApiConfig* first = nullptr;
    for (const ApiConfig& api : plan.apis) {
        const bool same = first == nullptr || (api.dialect == first->dialect && api.prefix == first->prefix);
        if (!same || !prefix_fits(api.prefix, whole) || !host_fits(api, host)) continue;
        if (first == nullptr) {
            std::string_view path = whole.substr(api.prefix.size());
            if (path.empty()) path = "/";
            if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
            for (ApiHandler* handler : api_handlers())
                if (handler->dialect() == api.dialect && handler->owns(path, query)) match.handler = handler;
            if (match.handler == nullptr) continue;
            match.path = path;
            first = &api;
        }
        match.tenants.push_back(&api);
    }
    return match;
}

}  // namespace trot
