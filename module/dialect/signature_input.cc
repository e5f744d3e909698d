#include "dialect/signature_input.h"

#include <charconv>

#include "crypto/hmac.h"

namespace trot {
namespace {

// A cursor over one header. What does not fit sets `bad`, and everything after it gives nothing.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    bool bad = false;

    bool done() {
        skip();
        return bad || at_ == text_.size();
    }
    size_t at() const { return at_; }
    std::string_view since(size_t from) const { return text_.substr(from, at_ - from); }
    void skip() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void need(char c) {
        if (!take(c)) bad = true;
    }
    // Between two members of a dictionary; false at the end.
    bool next() {
        if (done()) return false;
        need(',');
        skip();
        if (at_ == text_.size()) bad = true;  // a comma with nothing behind it
        return !bad;
    }

    std::string key() {
        std::string out;
        while (at_ < text_.size() && is_key(text_[at_], out.empty())) out += text_[at_++];
        if (out.empty()) bad = true;
        return out;
    }
    std::string quoted() {
        std::string out;
        need('"');
        while (!bad && at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\') ++at_;
            if (at_ < text_.size()) out += text_[at_++];
        }
        need('"');
        return out;
    }
    std::string bytes() {
        need(':');
        const size_t end = text_.find(':', at_);
        if (bad || end == std::string_view::npos) {
            bad = true;
            return {};
        }
        const Result<std::string> out = unbase64(text_.substr(at_, end - at_));
        at_ = end + 1;
        if (!out) bad = true;
        return out ? out.value() : std::string();
    }
    // A bare item as text: a string without its quotes, else up to the next mark.
    std::string item() {
        if (at_ < text_.size() && text_[at_] == '"') return quoted();
        if (at_ < text_.size() && text_[at_] == ':') return bytes();
        std::string out;
        while (at_ < text_.size() && std::string_view(";, )").find(text_[at_]) == std::string_view::npos)
            out += text_[at_++];
        if (out.empty()) bad = true;
        return out;
    }

  private:
    static bool is_key(char c, bool first) {
        const bool letter = (c >= 'a' && c <= 'z') || c == '*';
        return letter || (!first && ((c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'));
    }

    std::string_view text_;
    size_t at_ = 0;
};

std::optional<int64_t> number(const std::string& text, Cursor& cursor) {
    int64_t out = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (fault == std::errc() && stop == text.data() + text.size()) return out;
    cursor.bad = true;
    return std::nullopt;
}

void read_parameters(Cursor& cursor, SignatureInput& out) {
    while (!cursor.bad && cursor.take(';')) {
        cursor.skip();
        const std::string name = cursor.key();
        const std::string value = cursor.take('=') ? cursor.item() : std::string();
        if (name == "created") out.created = number(value, cursor);
        if (name == "expires") out.expires = number(value, cursor);
        if (name == "alg") out.alg = value;
        if (name == "keyid") out.keyid = value;
    }
}

SignatureInput read_member(Cursor& cursor) {
    SignatureInput out;
    out.label = cursor.key();
    cursor.need('=');
    const size_t from = cursor.at();
    cursor.need('(');
    while (!cursor.bad) {
        cursor.skip();
        if (cursor.take(')')) break;
        out.components.push_back(cursor.quoted());
    }
    read_parameters(cursor, out);
    out.params = cursor.since(from);
    return out;
}

}  // namespace

Result<std::vector<SignatureInput>> read_signature_input(std::string_view header) {
    Cursor cursor(header);
    std::vector<SignatureInput> out;
    cursor.skip();
    do out.push_back(read_member(cursor));
    while (!cursor.bad && cursor.next());
    if (cursor.bad) return Fault{Code::refused, "is no list like sig1=(\"@method\" …);created=…"};
    return out;
}

Result<std::vector<ByteMember>> read_byte_members(std::string_view header) {
    Cursor cursor(header);
    std::vector<ByteMember> out;
    cursor.skip();
    do {
        ByteMember& one = out.emplace_back();
        one.label = cursor.key();
        cursor.need('=');
        one.bytes = cursor.bytes();
    } while (!cursor.bad && cursor.next());
    if (cursor.bad) return Fault{Code::refused, "is no list like name=:base64:"};
    return out;
}

std::string structured_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace trot
