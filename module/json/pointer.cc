// simdjson's first stage finds every token (and proves UTF-8 and closed strings) at gigabytes a second; the grammar is
// then checked here over its list of token places, because its second stage refuses numbers beyond 64 bits and keeps no
// raw bytes. While checking, each opening bracket learns where its closing one is: a find() then skips what it does not
// want.
#include "json/pointer.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace trot {
namespace {

// Chosen while the library loads: simdjson's first look at the processor allocates inside a noexcept function, which at
// any later time would end the process when memory is short.
const simdjson::implementation* choose() {
    (void)simdjson::get_active_implementation()->name();  // makes it look
    return simdjson::get_active_implementation();
}
const simdjson::implementation* const implementation = choose();

constexpr size_t max_depth = 256;
constexpr size_t max_text = 64U << 20;

bool is_space(char c) { return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool good_number(std::string_view raw) {
    size_t at = 0;
    const auto digits = [&] {
        const size_t from = at;
        while (at < raw.size() && is_digit(raw[at])) ++at;
        return at > from;
    };
    if (at < raw.size() && raw[at] == '-') ++at;
    const size_t first = at;
    if (!digits()) return false;
    if (raw[first] == '0' && at - first > 1) return false;
    if (at < raw.size() && raw[at] == '.') {
        ++at;
        if (!digits()) return false;
    }
    if (at < raw.size() && (raw[at] == 'e' || raw[at] == 'E')) {
        ++at;
        if (at < raw.size() && (raw[at] == '+' || raw[at] == '-')) ++at;
        if (!digits()) return false;
    }
    return at == raw.size();
}

// What follows the escape at `at`, within a string whose closing quote is `end`; nullptr when it is none of JSON's.
// Stage one has found the quotes and refused control bytes: of a string only this is left to check.
const char* behind_escape(const char* at, const char* end) {
    if (end - at < 2) return nullptr;
    const char letter = at[1];
    if (letter == '/' || letter == '"' || letter == '\\' || letter == 'n' || letter == 'r' || letter == 't' ||
        letter == 'b' || letter == 'f')
        return at + 2;
    if (letter != 'u') return nullptr;
    if (end - at < 6 || !is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) || !is_hex(at[5])) return nullptr;
    return at + 6;
}

JsonKind kind_of(char first) {
    switch (first) {
        case '{':
            return JsonKind::object;
        case '[':
            return JsonKind::array;
        case '"':
            return JsonKind::string;
        case 't':
        case 'f':
            return JsonKind::boolean;
        case 'n':
            return JsonKind::null;
        default:
            return JsonKind::number;
    }
}

// No string.
bool good_scalar(std::string_view raw) {
    switch (raw.front()) {
        case 't':
            return raw == "true";
        case 'f':
            return raw == "false";
        case 'n':
            return raw == "null";
        default:
            return good_number(raw);
    }
}

bool same_key(std::string_view raw_key, std::string_view name) {
    const std::string_view inside = raw_key.substr(1, raw_key.size() - 2);
    if (inside.find('\\') == std::string_view::npos) return inside == name;
    return json_text({JsonKind::string, raw_key}) == name;
}

// An index of RFC 6901: "0" or digits without a leading zero.
bool read_index(std::string_view token, size_t& index) {
    if (token.empty() || token.size() > 9 || (token.size() > 1 && token.front() == '0')) return false;
    index = 0;
    for (const char c : token) {
        if (!is_digit(c)) return false;
        index = index * 10 + static_cast<size_t>(c - '0');
    }
    return true;
}

std::string unescape_token(std::string_view token) {
    std::string out;
    for (size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '~' && i + 1 < token.size()) {
            out += token[i + 1] == '1' ? '/' : '~';
            ++i;
        } else {
            out += token[i];
        }
    }
    return out;
}

}  // namespace

struct JsonReader::Impl {
    std::string_view text;
    bool valid = false;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    std::unique_ptr<uint8_t[]> padded;  // stage one may read beyond the end
    size_t capacity = 0;
    std::vector<uint32_t> close;   // for the token of an opening bracket: the token of its closing one
    std::vector<uint32_t> colons;  // the tokens behind all keys
    size_t keys = 0;
    const uint32_t* place = nullptr;
    size_t count = 0;
    bool escaped_keys = false;  // has a key a backslash in it? Hardly ever, and then its length says what it is not

    bool reserve(size_t size);
    bool scan();
    bool check();
    const char* next_escape(const char* from) const;
    char byte(size_t token) const { return text[place[token]]; }
    std::string_view scalar(size_t token) const;
    std::string_view raw(size_t token) const;
    size_t after(size_t token) const;  // the token behind the value that begins at `token`
    size_t descend(size_t token, std::string_view step) const;
    size_t locate(std::string_view pointer) const;
    JsonValue value(size_t token) const { return {kind_of(byte(token)), raw(token)}; }

    static constexpr size_t nowhere = SIZE_MAX;
};

bool JsonReader::Impl::reserve(size_t size) {
    const bool far_too_big =
        capacity > (1U << 20) && size < capacity / 8;  // one huge body must not keep its buffers for ever
    if (size <= capacity && parser && !far_too_big) return true;
    size_t room = 4096;
    while (room < size) room *= 2;
    parser.reset();
    capacity = 0;
    close = {};
    colons = {};
    if (implementation->create_dom_parser_implementation(room, max_depth, parser) != simdjson::SUCCESS) return false;
    padded = std::make_unique<uint8_t[]>(room + simdjson::SIMDJSON_PADDING);
    capacity = room;
    return true;
}

bool JsonReader::Impl::scan() {
    if (text.empty() || text.size() > max_text || !reserve(text.size())) return false;
    std::memcpy(padded.get(), text.data(), text.size());
    std::memset(padded.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
    if (parser->stage1(padded.get(), text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return false;
    place = parser->structural_indexes.get();
    count = parser->n_structural_indexes;
    if (close.size() < count) close.resize(count);
    if (colons.size() < count) colons.resize(count);
    keys = 0;
    escaped_keys = false;
    return check();
}

std::string_view JsonReader::Impl::scalar(size_t token) const {
    const char* const from = text.data() + place[token];
    const char* to = token + 1 < count ? text.data() + place[token + 1] : text.data() + text.size();
    while (to > from && is_space(to[-1])) --to;
    return {from, static_cast<size_t>(to - from)};
}

// The next backslash, or the end.
const char* JsonReader::Impl::next_escape(const char* from) const {
    const char* const end = text.data() + text.size();
    const void* const found = std::memchr(from, '\\', static_cast<size_t>(end - from));
    return found == nullptr ? end : static_cast<const char*>(found);
}

// Every byte of every body comes by here: plain pointers, and the common token (a string without escapes) first.
bool JsonReader::Impl::check() {
    std::array<uint32_t, max_depth> open;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before read
    const char* const base = text.data();
    const uint32_t* const at = place;
    const size_t end = count;
    const char* escape = next_escape(base);  // the first backslash that no string so far had in it
    const auto scalar_is_good = [&](size_t token, bool key) {
        const char* const from = base + at[token];
        const char* to = base + (token + 1 < end ? at[token + 1] : text.size());
        while (is_space(to[-1])) --to;  // the token's own first byte is none
        if (*from != '"') return good_scalar({from, static_cast<size_t>(to - from)});
        if (to - from < 2 || to[-1] != '"') return false;
        while (escape < to) {
            const char* next = behind_escape(escape, to - 1);
            if (next == nullptr) return false;
            while (next < to && *next != '\\') ++next;  // where one is, others are near
            escape = next < to ? next : next_escape(next);
            escaped_keys = escaped_keys || key;
        }
        return true;
    };
    size_t depth = 0;
    size_t token = 0;
    bool want_key = false;
    while (true) {
        if (want_key) {
            if (token + 2 >= end || base[at[token]] != '"' || base[at[token + 1]] != ':' ||
                !scalar_is_good(token, true))
                return false;
            colons[keys++] = static_cast<uint32_t>(token + 1);
            token += 2;
        }
        if (token >= end) return false;
        const char first = base[at[token]];
        if (first == '{' || first == '[') {
            if (depth == max_depth) return false;
            open[depth++] = static_cast<uint32_t>(token++);
            if (token >= end) return false;
            want_key = first == '{';
            if (base[at[token]] != (want_key ? '}' : ']')) continue;
        } else {
            if (!scalar_is_good(token, false)) return false;
            ++token;
        }
        // A value is complete, or an empty container stands before its end: close all that ends here.
        while (depth > 0) {
            if (token >= end) return false;
            const char next = base[at[token]];
            const bool object = base[at[open[depth - 1]]] == '{';
            if (next == ',') {
                ++token;
                want_key = object;
                break;
            }
            if (next != (object ? '}' : ']')) return false;
            close[open[--depth]] = static_cast<uint32_t>(token++);
        }
        if (depth == 0) return token == end;
    }
}

std::string_view JsonReader::Impl::raw(size_t token) const {
    const char first = byte(token);
    if (first != '{' && first != '[') return scalar(token);
    return text.substr(place[token], place[close[token]] - place[token] + 1);
}

size_t JsonReader::Impl::after(size_t token) const {
    const char first = byte(token);
    return (first == '{' || first == '[' ? close[token] : token) + 1;
}

size_t JsonReader::Impl::descend(size_t token, std::string_view step) const {
    const char first = byte(token);
    if (first != '{' && first != '[') return nowhere;
    const size_t end = close[token];
    if (first == '{') {
        for (size_t at = token + 1; at < end; at = after(at + 2) + 1)
            if (same_key(scalar(at), step)) return at + 2;
        return nowhere;
    }
    size_t index = 0;
    if (!read_index(step, index)) return nowhere;
    for (size_t at = token + 1; at < end; at = after(at) + 1)
        if (index-- == 0) return at;
    return nowhere;
}

size_t JsonReader::Impl::locate(std::string_view pointer) const {
    if (!valid || (!pointer.empty() && pointer.front() != '/')) return nowhere;
    size_t token = 0;
    while (!pointer.empty() && token != nowhere) {
        pointer.remove_prefix(1);
        const size_t end = pointer.find('/');
        const std::string_view step = pointer.substr(0, end);
        token = step.find('~') == std::string_view::npos ? descend(token, step) : descend(token, unescape_token(step));
        pointer = end == std::string_view::npos ? std::string_view() : pointer.substr(end);
    }
    return token;
}

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;

void JsonReader::load(std::string_view text) {
    impl_->text = text;
    impl_->valid = false;  // also when scan() throws
    impl_->valid = impl_->scan();
}

bool JsonReader::valid() const { return impl_->valid; }

JsonValue JsonReader::find(std::string_view pointer) {
    const size_t token = impl_->locate(pointer);
    if (token == Impl::nowhere) return {};
    return impl_->value(token);
}

std::vector<std::string_view> JsonReader::elements(std::string_view pointer) {
    std::vector<std::string_view> out;
    const size_t token = impl_->locate(pointer);
    if (token == Impl::nowhere || impl_->byte(token) != '[') return out;
    const size_t end = impl_->close[token];
    for (size_t at = token + 1; at < end; at = impl_->after(at) + 1) out.push_back(impl_->raw(at));
    return out;
}

std::vector<JsonMember> JsonReader::members(std::string_view pointer) {
    std::vector<JsonMember> out;
    const size_t token = impl_->locate(pointer);
    if (token == Impl::nowhere || impl_->byte(token) != '{') return out;
    const size_t end = impl_->close[token];
    for (size_t at = token + 1; at < end; at = impl_->after(at + 2) + 1)
        out.push_back({impl_->scalar(at), impl_->value(at + 2)});
    return out;
}

std::vector<JsonMember> JsonReader::members_named(const std::vector<std::string>& names) {
    std::vector<JsonMember> out;
    if (!impl_->valid) return out;
    // Nearly every key has a length that none of the names has, and need not be looked at.
    const auto bit = [](size_t length) { return uint64_t{1} << std::min<size_t>(length, 63); };
    uint64_t lengths = impl_->escaped_keys ? ~uint64_t{0} : 0;
    for (const std::string& name : names) lengths |= bit(name.size());
    const char* const base = impl_->text.data();
    const uint32_t* const at = impl_->place;
    size_t behind = 0;  // the last one found
    for (size_t i = 0; i < impl_->keys; ++i) {
        const size_t colon = impl_->colons[i];
        if (colon < behind) continue;
        const size_t length = at[colon] - at[colon - 1] - 2;
        if ((lengths & bit(length)) == 0 && base[at[colon] - 1] == '"') continue;
        const std::string_view key = impl_->scalar(colon - 1);
        std::string_view inside = key.substr(1, key.size() - 2);
        std::string unescaped;
        if (impl_->escaped_keys && inside.find('\\') != std::string_view::npos) {
            unescaped = json_text({JsonKind::string, key});
            inside = unescaped;
        }
        for (const std::string& name : names) {
            if (!equal_nocase(inside, name)) continue;
            out.push_back({key, impl_->value(colon + 1)});
            behind = impl_->after(colon + 1);
            break;
        }
    }
    return out;
}

std::vector<JsonValue> JsonReader::texts_beginning(const std::vector<std::string_view>& beginnings) {
    std::vector<JsonValue> out;
    if (!impl_->valid) return out;
    for (size_t token = 0; token < impl_->count; ++token) {
        if (impl_->byte(token) != '"') continue;
        if (token + 1 < impl_->count && impl_->byte(token + 1) == ':') continue;
        const char first = impl_->text[impl_->place[token] + 1];  // a string has two bytes at least
        const auto may_begin = [&](std::string_view text) { return text.empty() || text.front() == first; };
        if (first != '\\' && std::none_of(beginnings.begin(), beginnings.end(), may_begin)) continue;
        const JsonValue value{JsonKind::string, impl_->scalar(token)};
        std::string_view inside = value.raw.substr(1, value.raw.size() - 2);
        std::string unescaped;
        if (inside.find('\\') != std::string_view::npos) {
            unescaped = json_text(value);
            inside = unescaped;
        }
        const auto begins = [&](std::string_view text) { return inside.substr(0, text.size()) == text; };
        if (std::any_of(beginnings.begin(), beginnings.end(), begins)) out.push_back(value);
    }
    return out;
}

}  // namespace trot
