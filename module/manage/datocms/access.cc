#include "manage/datocms/access.h"

#include <algorithm>

#include "crypto/hmac.h"

namespace trot::datocms {
namespace {

constexpr int requests_a_window = 30;
constexpr int64_t window_us = 3000000;
constexpr size_t most_windows = 4096;

}  // namespace

Grant grant_of(const ApiRequest& request, const ApiWorld& world) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string* authorization = find_field(request.fields, "Authorization");
    std::string_view given = authorization != nullptr ? std::string_view(*authorization) : std::string_view();
    if (!equal_nocase(given.substr(0, scheme.size()), scheme)) given = {};
    given = trim(given.substr(std::min(given.size(), scheme.size())));
    Grant grant;
    for (const ApiConfig* api : world.tenants) {
        for (size_t i = 0; i < api->keys.size(); ++i) {
            const ApiKey& key = api->keys[i];
            const bool same = same_secret(given, key.secret.reveal()) && !key.secret.empty();
            if (same && grant.api == nullptr) grant = {api, &key, api->name + "/" + std::to_string(i)};
        }
    }
    return grant;
}

Allowance Limits::count(const std::string& who, int64_t now_us) {
    // Reloads may leave names behind that nobody has any more.
    if (windows_.size() >= most_windows)
        std::erase_if(windows_, [now_us](const auto& one) { return now_us - one.second.begin_us >= window_us; });
    Window& window = windows_[who];
    if (window.used == 0 || now_us - window.begin_us >= window_us) window = {now_us, 0};
    Allowance out;
    out.limit = requests_a_window;
    out.over = window.used >= requests_a_window;
    if (!out.over) ++window.used;
    out.remaining = requests_a_window - window.used;
    const int64_t left_us = window.begin_us + window_us - now_us;
    out.reset_s = static_cast<int>(std::max<int64_t>(1, (left_us + 999999) / 1000000));
    return out;
}

}  // namespace trot::datocms
