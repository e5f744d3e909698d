#include "manage/woocommerce/paging.h"

#include "url/percent.h"

namespace trot::woo {
namespace {

bool stays_out(std::string_view name) {
    return name == "page" || name == "_method" || name == "rest_route" || name.substr(0, 6) == "oauth_" ||
           name.substr(0, 9) == "consumer_";
}

void add(std::string& out, std::string_view name, std::string_view value) {
    out += out.empty() ? '?' : '&';
    put_escaped(out, name, "[]");
    out += '=';
    put_escaped(out, value, "/:,");
}

}  // namespace

std::string page_link(const std::string& url, const Fields& query, int64_t page, std::string_view rel) {
    std::string params;
    Fields seen;
    for (const Field& field : query) {
        // A client that signs its requests sends its parameters twice.
        const bool twice = find_field(seen, field.name) != nullptr && field.name.find("[]") == std::string::npos;
        if (stays_out(field.name) || twice) continue;
        seen.push_back(field);
        add(params, field.name, field.value);
    }
    add(params, "page", std::to_string(page));
    std::string link = "<" + url + params + ">; rel=\"";
    link.append(rel).append("\"");
    return link;
}

}  // namespace trot::woo
