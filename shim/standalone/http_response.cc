// The head of an upstream's answer. As strict as with requests, since an answer that two parties read in two ways
// poisons the next exchange on the same connection. Decided where RFC 9112 leaves room: a bare LF is refused (2.2 lets
// a recipient take it; the servers that send one are CGI scripts without a server in front, and nginx, Apache and every
// framework's server send CRLF), so are folded lines and repeated Content-Length fields, also equal ones. Taken,
// because real servers send them: no reason phrase (also without its space), obs-text in it, statuses up to 999,
// Content-Length with 204. The status of every refusal is 502; `why` goes to the log.
#include <algorithm>

#include "shim/standalone/http.h"
#include "shim/standalone/http_text.h"

namespace trot::http {

void ResponseParser::reset() {
    restart();
    head = ResponseHead{};
}

Progress ResponseParser::feed(std::string_view bytes, size_t& used, std::string_view request_method) {
    used = 0;
    if (state_ == State::done) return Progress::done;
    if (state_ == State::bad) return Progress::bad;
    while (used < bytes.size()) {
        const size_t before = lines_.pending();
        size_t taken = 0;
        std::string_view line;
        const LineReader::Step step = lines_.next(bytes.substr(used), taken, limits_.head_bytes - taken_, line);
        used += taken;
        if (step == LineReader::Step::more) return Progress::more;
        Progress progress = Progress::more;
        if (step != LineReader::Step::line) {
            progress = refuse_line(step, 502);
            refusal.status = 502;
            return progress;
        }
        taken_ += before + taken;
        ++line_;
        if (state_ == State::start) {
            state_ = State::fields;
            progress = status_line(line);
        } else if (line.empty()) {
            progress = finish(request_method);
        } else {
            progress = add_field(line, head.fields);
        }
        if (progress == Progress::bad) refusal.status = 502;
        if (progress != Progress::more) return progress;
    }
    return Progress::more;
}

Progress ResponseParser::status_line(std::string_view line) {
    if (line.substr(0, 7) != "HTTP/1." || line.size() < 12 || !digit(line[7]) || line[8] != ' ')
        return refuse(502, "the answer does not start with HTTP/1.1 and a status");
    const std::string_view status = line.substr(9, 3);
    if (!std::all_of(status.begin(), status.end(), digit) || status[0] == '0')
        return refuse(502, "the status is not 100 to 999");
    const std::string_view rest = line.substr(12);
    if (!rest.empty() && rest.front() != ' ') return refuse(502, "the status has more than three digits");
    if (!std::all_of(rest.begin(), rest.end(), text_char)) return refuse(502, "control character in the status line");
    head.minor = line[7] - '0';
    head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
    head.reason = rest.empty() ? rest : rest.substr(1);
    return Progress::more;
}

Progress ResponseParser::finish(std::string_view request_method) {
    Field* length = nullptr;
    const Field* coding = nullptr;
    for (Field& field : head.fields) {
        if (equal_nocase(field.name, "content-length")) {
            if (length != nullptr) return refuse(502, "two Content-Length fields");
            length = &field;
        } else if (equal_nocase(field.name, "transfer-encoding")) {
            if (coding != nullptr) return refuse(502, "two Transfer-Encoding fields");
            coding = &field;
        }
    }
    if (coding != nullptr && length != nullptr) return refuse(502, "both Content-Length and Transfer-Encoding");
    if (coding != nullptr && head.minor == 0) return refuse(502, "Transfer-Encoding in HTTP/1.0");
    if (coding != nullptr && !equal_nocase(coding->value, "chunked"))
        return refuse(502, "a transfer coding other than chunked");
    std::optional<uint64_t> value;
    if (length != nullptr) {
        value = decimal(length->value);
        if (!value) return refuse(502, "Content-Length is no number that can be");
        length->value = std::to_string(*value);
    }
    const bool interim = head.status < 200;
    const bool close = names(head.fields, "connection", "close");
    head.keep_alive = !close && (head.minor > 0 || names(head.fields, "connection", "keep-alive"));

    if (interim && (coding != nullptr || value.value_or(0) > 0)) return refuse(502, "an interim answer with a body");
    if (interim || head.status == 204 || head.status == 304 || request_method == "HEAD" ||
        (request_method == "CONNECT" && head.status < 300)) {
        head.framing = Framing::none;
        // Announces a body that cannot be: whatever comes after this head is not the next answer.
        if (head.status == 204 && (coding != nullptr || value.value_or(0) > 0)) head.keep_alive = false;
    } else if (coding != nullptr) {
        head.framing = Framing::chunked;
    } else if (value) {
        head.framing = Framing::length;
        head.length = *value;
    } else {
        head.framing = Framing::close;
        head.keep_alive = false;
    }
    state_ = State::done;
    return Progress::done;
}

}  // namespace trot::http
