// The head of a request: RFC 9112 sections 3, 5 and 6, and the refusals of tests/cases/smuggling.
#include <algorithm>

#include "shim/standalone/http.h"
#include "shim/standalone/http_text.h"

namespace trot::http {

namespace {

constexpr size_t kEmptyLines =
    4;  // old clients send a CRLF after a body; RFC 9112 2.2 wants it ignored, nobody needs many
constexpr size_t kMethodBytes = 64;  // the longest registered method has 17
constexpr size_t kRestOfLine = kMethodBytes + sizeof("  HTTP/1.1\r\n");

bool path_char(char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; }
// Browsers leave a backslash and a lone % in queries; they route nothing.
bool query_char(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

// A path that percent-decodes the same way everywhere; %00 ends a string somewhere behind us.
bool valid_path(std::string_view path) {
    for (size_t i = 0; i < path.size(); ++i) {
        if (!path_char(path[i])) return false;
        if (path[i] != '%') continue;
        if (i + 2 >= path.size() || hex(path[i + 1]) < 0 || hex(path[i + 2]) < 0) return false;
        if (path[i + 1] == '0' && path[i + 2] == '0') return false;
    }
    return true;
}

bool valid_path_and_query(std::string_view text) {
    const size_t question = text.find('?');
    if (!valid_path(text.substr(0, question))) return false;
    return question == std::string_view::npos ||
           std::all_of(text.begin() + static_cast<long>(question), text.end(), query_char);
}

size_t scheme_length(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (equal_nocase(target.substr(0, scheme.size()), scheme)) return scheme.size();
    return 0;
}

}  // namespace

bool RequestParser::started() const { return state_ == State::fields || lines_.pending() > 0; }

void RequestParser::reset() {
    restart();
    head = RequestHead{};
    empty_lines_ = 0;
    absolute_ = false;
}

Progress RequestParser::feed(std::string_view bytes, size_t& used) {
    used = 0;
    if (state_ == State::done) return Progress::done;
    if (state_ == State::bad) return Progress::bad;
    while (used < bytes.size()) {
        const bool first = state_ == State::start;
        // What cannot become a method is told at once: a TLS or other foreign client would wait for its answer for
        // ever.
        if (first && lines_.pending() == 0 && !token_char(bytes[used]) && bytes[used] != '\r')
            return refuse(400, "the request does not start with a method");
        size_t limit = limits_.head_bytes - taken_;
        if (first) limit = std::min(limit, limits_.target_bytes + kRestOfLine);
        size_t taken = 0;
        std::string_view line;
        const size_t before = lines_.pending();
        const LineReader::Step step = lines_.next(bytes.substr(used), taken, limit, line);
        used += taken;
        if (step == LineReader::Step::more) return Progress::more;
        if (step != LineReader::Step::line) return refuse_line(step, first ? 414 : 431);
        taken_ += before + taken;
        ++line_;
        Progress progress = Progress::more;
        if (first && line.empty()) {
            if (++empty_lines_ > kEmptyLines) return refuse(400, "only empty lines where a request should be");
        } else if (first) {
            state_ = State::fields;
            progress = request_line(line);
        } else if (line.empty()) {
            progress = finish();
        } else {
            progress = add_field(line, head.fields);
        }
        if (progress != Progress::more) return progress;
    }
    return Progress::more;
}

Progress RequestParser::request_line(std::string_view line) {
    const size_t first = line.find(' ');
    const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return refuse(400, "the request line is not METHOD TARGET HTTP/1.1");
    const std::string_view method = line.substr(0, first);
    const std::string_view version = line.substr(second + 1);
    if (!token(method)) return refuse(400, "the method has a character that methods cannot have");
    if (method.size() > kMethodBytes) return refuse(501, "the method is longer than any that is known");
    if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !digit(version[5]) || version[6] != '.' ||
        !digit(version[7]))
        return refuse(400, "the request line does not end with a version like HTTP/1.1");
    if (version[5] != '1') return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (equal_nocase(method, "TRACE")) return refuse(405, "TRACE is not allowed: it would show what the proxy added");
    if (equal_nocase(method, "CONNECT")) return refuse(405, "CONNECT is not allowed: this is no forward proxy");
    head.method = method;
    head.minor = version[7] - '0';
    return target(line.substr(first + 1, second - first - 1));
}

Progress RequestParser::target(std::string_view text) {
    if (text.size() > limits_.target_bytes)
        return refuse(414, "the target is longer than " + std::to_string(limits_.target_bytes) + " bytes");
    if (text == "*") {
        if (head.method != "OPTIONS") return refuse(400, "the target * is for OPTIONS only");
        head.target = text;
        return Progress::more;
    }
    if (const size_t scheme = scheme_length(text)) {
        const size_t end = text.find_first_of("/?#", scheme);
        const std::string_view authority = text.substr(scheme, end == std::string_view::npos ? end : end - scheme);
        if (authority.empty() || !valid_host(authority)) return refuse(400, "the target's host is none");
        head.host = authority;
        absolute_ = true;
        text = end == std::string_view::npos ? std::string_view() : text.substr(end);
        if (text.empty() && head.method == "OPTIONS") {
            head.target = "*";
            return Progress::more;
        }
        if (text.empty() || text.front() != '/') head.target = "/";
    } else if (text.empty() || text.front() != '/') {
        return refuse(400, "the target does not start with a slash");
    }
    if (!valid_path_and_query(text))
        return refuse(400,
                      "the target has a character or a %-sequence that it cannot have; it must be percent-encoded");
    head.target += text;
    return Progress::more;
}

Progress RequestParser::finish() {
    Field* host = nullptr;
    for (Field& field : head.fields) {
        if (!equal_nocase(field.name, "host")) continue;
        if (host != nullptr) return refuse(400, "two Host fields");
        host = &field;
    }
    if (host == nullptr && head.minor > 0) return refuse(400, "no Host field");
    if (host != nullptr && !valid_host(host->value))
        return refuse(400, "the Host field is no host with an optional port");
    if (host != nullptr && absolute_) host->value = head.host;
    if (host != nullptr && !absolute_) head.host = host->value;
    if (const Progress framed = frame(); framed == Progress::bad) return framed;

    const bool close = names(head.fields, "connection", "close");
    head.keep_alive = !close && (head.minor > 0 || names(head.fields, "connection", "keep-alive"));
    const bool body = head.framing == Framing::chunked || head.length > 0;
    for (const Field& field : head.fields) {
        if (!equal_nocase(field.name, "expect")) continue;
        if (!equal_nocase(field.value, "100-continue"))
            return refuse(417, "the only expectation that can be met is 100-continue");
        head.expect_continue = body && head.minor > 0;
    }
    head.upgrade = head.minor > 0 && !body && head.find("upgrade") != nullptr &&
                   names(head.fields, "connection", "upgrade") && !names(head.fields, "upgrade", "h2c");
    state_ = State::done;
    return Progress::done;
}

Progress RequestParser::frame() {
    Field* length = nullptr;
    const Field* coding = nullptr;
    for (Field& field : head.fields) {
        if (equal_nocase(field.name, "content-length")) {
            if (length != nullptr) return refuse(400, "two Content-Length fields");
            length = &field;
        } else if (equal_nocase(field.name, "transfer-encoding")) {
            if (coding != nullptr) return refuse(400, "two Transfer-Encoding fields");
            coding = &field;
        }
    }
    if (coding != nullptr) {
        if (length != nullptr) return refuse(400, "both Content-Length and Transfer-Encoding");
        if (head.minor == 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
        if (!equal_nocase(coding->value, "chunked"))
            return refuse(501, "the only transfer coding understood is chunked");
        head.framing = Framing::chunked;
    } else if (length != nullptr) {
        const std::optional<uint64_t> value = decimal(length->value);
        if (!value) return refuse(400, "Content-Length is no number that can be");
        if (limits_.body_bytes > 0 && *value > limits_.body_bytes)
            return refuse(413, "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
        head.framing = Framing::length;
        head.length = *value;
        length->value = std::to_string(*value);
    }
    return Progress::more;
}

}  // namespace trot::http
