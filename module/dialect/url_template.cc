#include "dialect/url_template.h"

#include "url/tags.h"

namespace trot {
namespace {

constexpr size_t most_url = 2048;

}  // namespace

Result<UrlTemplate> UrlTemplate::read(std::string_view url) {
    if (const Result<std::string> plain = without_tags(url); !plain) return plain.fault();
    const size_t path = begin_of_path(url);
    Result<Mustache> rest = Mustache::read(url.substr(path));
    if (!rest) return Fault{Code::refused, rest.fault().text};
    UrlTemplate out;
    out.origin_ = url.substr(0, path);
    out.rest_ = std::move(rest).value();
    return out;
}

Result<std::string> UrlTemplate::render(std::string_view json) const {
    const std::string rest = rest_.render(json, Mustache::Escape::url);
    if (has_dot_segment(rest))
        return Fault{Code::refused, "the URL's tags make a path with a segment \".\" or \"..\", which is not sent"};
    if (origin_.size() + rest.size() > most_url)
        return Fault{Code::refused, "the URL's tags make it longer than 2,048 bytes"};
    return origin_ + rest;
}

}  // namespace trot
