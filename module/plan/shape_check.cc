#include "plan/shape_check.h"

#include <algorithm>
#include <array>

#include "json/pointer.h"

namespace trot {
namespace {

constexpr size_t most_steps = 32;
constexpr size_t most_link = 2048;
constexpr std::array<std::string_view, 5> tags{"{id}", "{resource}", "{topic}", "{action}", "{event}"};

}  // namespace

Result<void> check_field_pointer(std::string_view pointer) {
    if (pointer.empty() || pointer.front() != '/')
        return Fault{Code::usage, "it must be a JSON pointer like \"/customer/email\" or \"/items/*/price\""};
    if (Result<void> formed = check_pointer(pointer); !formed) return formed;
    if (static_cast<size_t>(std::count(pointer.begin(), pointer.end(), '/')) > most_steps)
        return Fault{Code::usage, "it has more than " + std::to_string(most_steps) + " steps"};
    return {};
}

Result<void> check_link(std::string_view link) {
    if (link.size() > most_link) return Fault{Code::usage, "it is longer than " + std::to_string(most_link) + " bytes"};
    for (size_t at = link.find_first_of("{}"); at != std::string_view::npos; at = link.find_first_of("{}", at)) {
        const std::string_view rest = link.substr(at);
        const auto begins = [rest](std::string_view tag) { return rest.substr(0, tag.size()) == tag; };
        const auto known = std::find_if(tags.begin(), tags.end(), begins);
        if (known == tags.end())
            return Fault{Code::usage, std::string(rest.substr(0, rest.find('}') + 1)) +
                                          " is unknown, there are {id}, {resource}, {topic}, {action} and {event}"};
        at += known->size();
    }
    return {};
}

std::string claim_path(std::string_view public_url) {
    const size_t host = public_url.find("://");
    const size_t path = host == std::string_view::npos ? host : public_url.find('/', host + 3);
    std::string out(path == std::string_view::npos ? std::string_view() : public_url.substr(path));
    while (!out.empty() && out.back() == '/') out.pop_back();
    return out + std::string(claim_route);
}

std::string origin_of(std::string_view url) {
    const size_t slashes = url.find("://");
    return std::string(slashes == std::string_view::npos ? url : url.substr(0, url.find('/', slashes + 3)));
}

}  // namespace trot
