#include "shim/standalone/http_text.h"

#include <algorithm>
#include <array>

namespace trot::http {

namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = table[static_cast<size_t>(c - 32)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

// Inside [ ]: the letters of an IPv6 address. What they mean is the upstream's business; that they end at the bracket
// is ours.
bool literal_char(char c) { return hex(c) >= 0 || c == ':' || c == '.'; }
bool name_char(char c) { return alpha(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

}  // namespace

int hex(char c) {
    if (digit(c)) return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool equal_nocase(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool same_to_cgi(std::string_view name, std::string_view dashed) {
    return name.size() == dashed.size() && std::equal(name.begin(), name.end(), dashed.begin(),
                                                      [](char x, char y) { return (x == '_' ? '-' : lower(x)) == y; });
}

bool token_char(char c) { return kToken[static_cast<unsigned char>(c)]; }
bool token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), token_char); }

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool next_member(std::string_view& list, std::string_view& member) {
    if (list.data() == nullptr) return false;
    const size_t comma = list.find(',');
    member = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    return true;
}

bool names(const std::vector<Field>& fields, std::string_view field, std::string_view member) {
    for (const Field& each : fields) {
        if (!equal_nocase(each.name, field)) continue;
        std::string_view rest = each.value;
        std::string_view one;
        while (next_member(rest, one))
            if (equal_nocase(one, member)) return true;
    }
    return false;
}

std::optional<uint64_t> decimal(std::string_view text) {
    if (text.empty()) return std::nullopt;
    uint64_t value = 0;
    for (const char c : text) {
        if (!digit(c)) return std::nullopt;
        const auto d = static_cast<uint64_t>(c - '0');
        if (value > (INT64_MAX - d) / 10) return std::nullopt;
        value = value * 10 + d;
    }
    return value;
}

bool valid_host(std::string_view text) {
    if (text.size() > 262) return false;  // 255 of a name, a colon, five of a port, and one to spare
    if (text.empty()) return true;
    size_t end = 0;
    if (text.front() == '[') {
        end = text.find(']');
        if (end == std::string_view::npos || end < 3 ||
            !std::all_of(text.begin() + 1, text.begin() + static_cast<long>(end), literal_char))
            return false;
        ++end;
    } else {
        while (end < text.size() && name_char(text[end])) ++end;
        if (end == 0) return false;
    }
    if (end == text.size()) return true;
    const std::string_view port = text.substr(end + 1);
    if (text[end] != ':' || port.size() > 5) return false;
    return port.empty() || decimal(port).value_or(65536) <= 65535;
}

const char* split_field(std::string_view line, std::string_view& name, std::string_view& value) {
    if (line.front() == ' ' || line.front() == '\t') return "starts with white space (folded lines are obsolete)";
    size_t colon = 0;
    while (colon < line.size() && token_char(line[colon])) ++colon;
    if (colon == line.size()) return "has no colon";
    if (line[colon] != ':') {
        if (line.find(':') == std::string_view::npos) return "has no colon";
        if (line[colon] == ' ' || line[colon] == '\t') return "has white space in or after its name";
        return "has a character in its name that names cannot have";
    }
    if (colon == 0) return "has no name";
    name = line.substr(0, colon);
    value = line.substr(colon + 1);
    if (!std::all_of(value.begin(), value.end(), [](char c) { return text_char(c); }))
        return "has a control character in its value";
    value = trim(value);
    return nullptr;
}

}  // namespace trot::http
