#include "url/tags.h"

#include <algorithm>

namespace trot {
namespace {

constexpr size_t most_url = 2048;

}  // namespace

size_t begin_of_path(std::string_view url) {
    const size_t scheme = url.find("://");
    const size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    return std::min(url.find_first_of("/?", authority), url.size());
}

Result<std::string> without_tags(std::string_view url) {
    if (url.size() > most_url) return Fault{Code::refused, "the URL is longer than 2,048 bytes"};
    std::string out(url.substr(0, begin_of_path(url)));
    if (has_tags(out)) return Fault{Code::refused, "tags ({{…}}) may stand in the URL's path and query only"};
    std::string_view rest = url.substr(out.size());
    for (;;) {
        const size_t open = rest.find("{{");
        out += rest.substr(0, open);
        if (open == std::string_view::npos) return out;
        const std::string_view end = rest.substr(open, 3) == "{{{" ? "}}}" : "}}";
        const size_t close = rest.find(end, open);
        if (close == std::string_view::npos) return Fault{Code::refused, "a tag ({{…}}) of the URL has no end"};
        const std::string_view tag = rest.substr(open, close - open);
        if (std::any_of(tag.begin(), tag.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
            return Fault{Code::refused, "a tag ({{…}}) of the URL holds a control byte"};
        out += 'x';
        rest.remove_prefix(close + end.size());
    }
}

Result<CheckedUrl> check_tagged_url(std::string_view url, const UrlRules& rules) {
    const Result<std::string> plain = without_tags(url);
    if (!plain) return plain.fault();
    Result<CheckedUrl> checked = check_url(plain.value(), rules);
    if (!checked) return checked;
    CheckedUrl& out = checked.value();
    if (has_dot_segment(out.path))
        return Fault{Code::refused, "the path of a URL with tags may have no segment \".\" or \"..\""};
    const std::string_view rest = url.substr(begin_of_path(url));
    out.text.resize(out.text.size() - out.path.size());
    out.path = (rest.empty() || rest.front() == '?' ? "/" : "") + std::string(rest);
    out.text += out.path;
    return checked;
}

bool has_dot_segment(std::string_view path) {
    path = path.substr(0, path.find('?'));
    while (!path.empty()) {
        const size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(path.front() == '/' ? 1 : 0, end - (path.front() == '/' ? 1 : 0));
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(end);
    }
    return false;
}

}  // namespace trot
