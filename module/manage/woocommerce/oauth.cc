#include "manage/woocommerce/oauth.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "url/percent.h"
#include "url/target.h"

namespace trot::woo {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    put_escaped(out, text);
    return out;
}

bool is_list(std::string_view name) { return name.size() > 2 && name.substr(name.size() - 2) == "[]"; }

}  // namespace

std::optional<Digest> oauth_digest(std::string_view method) {
    if (method == "HMAC-SHA1") return Digest::sha1;
    if (method == "HMAC-SHA256") return Digest::sha256;
    return std::nullopt;
}

std::string oauth_base(std::string_view method, std::string_view url, const Fields& params) {
    // Whoever is not known yet says how many there are: each is looked at once.
    std::vector<std::pair<std::string, std::string>> pairs;
    std::unordered_map<std::string, size_t> places;
    for (const Field& param : params) {
        if (param.name == "oauth_signature") continue;
        std::string name = escaped(param.name);
        const auto [place, first] = places.emplace(name, pairs.size());
        if (first || is_list(param.name))
            pairs.emplace_back(std::move(name), escaped(param.value));
        else
            pairs[place->second].second = escaped(param.value);
    }
    std::sort(pairs.begin(), pairs.end());
    std::string joined;
    for (const auto& [name, value] : pairs) {
        if (!joined.empty()) joined += '&';
        joined.append(name).append("=").append(value);
    }
    return std::string(method) + '&' + escaped(url) + '&' + escaped(joined);
}

Fields oauth_header(std::string_view authorization) {
    constexpr std::string_view scheme = "OAuth ";
    Fields out;
    if (authorization.size() < scheme.size() || !equal_nocase(authorization.substr(0, scheme.size()), scheme))
        return out;
    authorization.remove_prefix(scheme.size());
    while (!authorization.empty()) {
        const size_t end = std::min(authorization.find(','), authorization.size());
        const std::string_view part = trim(authorization.substr(0, end));
        authorization.remove_prefix(std::min(authorization.size(), end + 1));
        const size_t equals = part.find('=');
        if (equals == std::string_view::npos || part.substr(0, 6) != "oauth_") continue;
        std::string_view value = part.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        out.push_back({std::string(part.substr(0, equals)), percent_decode(value, false)});
    }
    return out;
}

std::string read_signature(std::string_view text) {
    std::string out = percent_decode(text, false);
    std::replace(out.begin(), out.end(), ' ', '+');
    return out;
}

}  // namespace trot::woo
