#include "codec/form.h"

#include "codec/multipart.h"

namespace trot {
namespace {

// application/x-www-form-urlencoded (WHATWG URL 5.1): '+' is a space, a '%' without two hex digits stays.
std::string decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

FormFields parse_urlencoded(std::string_view body, size_t max_fields) {
    FormFields out;
    while (!body.empty() && out.size() < max_fields) {
        const size_t end = body.find('&');
        const std::string_view pair = body.substr(0, end);
        body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
        if (pair.empty()) continue;
        const size_t equals = pair.find('=');
        const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        out.push_back({{decode(pair.substr(0, equals)), decode(value)}, false, {}});
    }
    return out;
}

}  // namespace

FormFields parse_form(std::string_view content_type, std::string_view body, size_t max_fields) {
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    if (equal_nocase(type, "application/x-www-form-urlencoded")) return parse_urlencoded(body, max_fields);
    if (equal_nocase(type, "multipart/form-data")) return parse_multipart(content_type, body, max_fields);
    return {};
}

}  // namespace trot
