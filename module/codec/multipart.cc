#include "codec/multipart.h"

namespace trot {
namespace {

constexpr size_t max_boundary = 70;  // RFC 2046 5.1.1
constexpr size_t max_part_header = 16384;

bool is_boundary(std::string_view text) {
    if (text.empty() || text.size() > max_boundary || text.back() == ' ') return false;
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return true;
}

// Browsers write the three characters that would break a quoted name as %22, %0D and %0A (WHATWG); nothing else is
// encoded.
std::string browser_unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const std::string_view three = text.substr(i, 3);
        if (three == "%22")
            out += '"';
        else if (equal_nocase(three, "%0d"))
            out += '\r';
        else if (equal_nocase(three, "%0a"))
            out += '\n';
        else {
            out += text[i];
            continue;
        }
        i += 2;
    }
    return out;
}

// filename*=UTF-8''na%C3%AFve.txt (RFC 8187); forbidden by RFC 7578, sent all the same.
std::string extended_value(std::string_view text) {
    const size_t first = text.find('\'');
    const size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
    if (second == std::string_view::npos) return std::string(text);
    text.remove_prefix(second + 1);
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low < 0) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

// The next line that is the boundary ("--b", then white space only) or its end ("--b--"), from `at`, where a line
// begins.
struct Delimiter {
    size_t begin = std::string_view::npos;  // of the CRLF before it, which belongs to it
    size_t after = 0;                       // where the part's header begins
    bool last = false;
};

Delimiter next_delimiter(std::string_view body, std::string_view dashed, size_t at) {
    for (size_t found = body.find(dashed, at); found != std::string_view::npos; found = body.find(dashed, found + 1)) {
        if (found > 0 && body[found - 1] != '\n') continue;
        size_t end = found + dashed.size();
        Delimiter out;
        if (body.substr(end, 2) == "--") {
            out.last = true;
            end += 2;
        }
        while (end < body.size() && (body[end] == ' ' || body[end] == '\t')) ++end;
        if (body.substr(end, 2) == "\r\n")
            out.after = end + 2;
        else if (end < body.size() && body[end] == '\n')
            out.after = end + 1;
        else if (out.last && end == body.size())
            out.after = end;
        else
            continue;
        out.begin = found;
        if (out.begin > at && body[out.begin - 1] == '\n') --out.begin;
        if (out.begin > at && body[out.begin - 1] == '\r') --out.begin;
        return out;
    }
    return {};
}

struct PartHeader {
    std::string_view disposition, type;
};

// `content` is where the part's bytes begin. False when the header is broken or cut.
bool read_part_header(std::string_view body, size_t at, PartHeader& header, size_t& content) {
    const size_t start = at;
    while (true) {
        const size_t end = body.find('\n', at);
        if (end == std::string_view::npos || end - start > max_part_header) return false;
        std::string_view line = body.substr(at, end - at);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        at = end + 1;
        if (line.empty()) break;
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos) return false;
        if (equal_nocase(trim(line.substr(0, colon)), "content-disposition"))
            header.disposition = trim(line.substr(colon + 1));
        else if (equal_nocase(trim(line.substr(0, colon)), "content-type"))
            header.type = trim(line.substr(colon + 1));
    }
    content = at;
    return true;
}

}  // namespace

std::string header_parameter(std::string_view value, std::string_view name, bool& found) {
    found = false;
    size_t at = value.find(';');
    while (at < value.size()) {
        ++at;
        while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
        const size_t name_from = at;
        while (at < value.size() && value[at] != '=' && value[at] != ';') ++at;
        const std::string_view key = trim(value.substr(name_from, at - name_from));
        std::string text;
        if (at < value.size() && value[at] == '=') {
            ++at;
            while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
            if (at < value.size() && value[at] == '"') {
                for (++at; at < value.size() && value[at] != '"'; ++at) {
                    // A backslash escapes quote and itself only: old browsers send bare Windows paths.
                    const bool escape =
                        value[at] == '\\' && at + 1 < value.size() && (value[at + 1] == '"' || value[at + 1] == '\\');
                    if (escape) ++at;
                    text += value[at];
                }
                at = value.find(';', at);
            } else {
                const size_t end = value.find(';', at);
                text = trim(value.substr(at, end - at));
                at = end;
            }
        }
        if (equal_nocase(key, name)) {
            found = true;
            return text;
        }
    }
    return {};
}

FormFields parse_multipart(std::string_view content_type, std::string_view body, size_t max_fields) {
    FormFields out;
    bool found = false;
    const std::string boundary = header_parameter(content_type, "boundary", found);
    if (!found || !is_boundary(boundary)) return out;
    const std::string dashed = "--" + boundary;

    Delimiter here = next_delimiter(body, dashed, 0);
    while (here.begin != std::string_view::npos && !here.last && out.size() < max_fields) {
        PartHeader header;
        size_t content = 0;
        if (!read_part_header(body, here.after, header, content)) break;
        const std::string_view disposition = header.disposition;
        bool named = false;
        bool file = false;
        bool extended = false;
        const std::string name = header_parameter(disposition, "name", named);
        std::string file_name = header_parameter(disposition, "filename", file);
        if (!file) {
            const std::string coded = header_parameter(disposition, "filename*", extended);
            if (extended) file_name = extended_value(coded);
        } else {
            file_name = browser_unescape(file_name);
        }
        const bool usable = named && disposition.size() >= 9 && equal_nocase(disposition.substr(0, 9), "form-data");
        // An empty part's delimiter may begin right at its content: the line break before it ended the header.
        here = next_delimiter(body, dashed, content);
        const bool complete = here.begin != std::string_view::npos;
        if (usable && (file || extended))
            // Its contents may be cut: the name is known.
            out.push_back({{browser_unescape(name), file_name}, true, std::string(header.type)});
        else if (usable && complete)
            out.push_back(
                {{browser_unescape(name), std::string(body.substr(content, here.begin - content))}, false, {}});
    }
    return out;
}

}  // namespace trot
