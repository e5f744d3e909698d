#include "message.h"

#include <fmt/format.h>

#include <algorithm>

#include "say.h"

namespace trot::cli {
namespace {

constexpr http::Limits file_limits() {
    http::Limits limits;
    limits.head_bytes = 1 << 20;
    limits.field_count = 1000;
    limits.target_bytes = 1 << 16;
    limits.body_bytes = 1ULL << 30;
    return limits;
}

[[noreturn]] void refuse(const std::string& name, const http::Refusal& refusal) {
    throw Failure(exit_usage, fmt::format("{}: {}", name, refusal.why));
}

// The body in the rest of a file. One that is shorter than it should be is taken as it is: a capture may be cut, too.
std::string rest_of(std::string_view rest, http::Framing framing, uint64_t length, const std::string& name) {
    BodyReader reader(framing, length, file_limits());
    size_t used = 0;
    switch (reader.feed(rest, used)) {
        case http::Progress::bad:
            refuse(name, reader.refusal);
        case http::Progress::more:
            if (framing != http::Framing::close) warn(fmt::format("{}: the body ends early", name));
            break;
        case http::Progress::done:
            if (used < rest.size())
                warn(fmt::format("{}: {} bytes after the message are ignored", name, rest.size() - used));
            break;
    }
    return std::move(reader.body);
}

void read_request(std::string_view text, const std::string& name, Exchange& into) {
    http::RequestParser parser(file_limits());
    size_t used = 0;
    const http::Progress progress = parser.feed(text, used);
    if (progress == http::Progress::bad) refuse(name, parser.refusal);
    if (progress == http::Progress::more)
        throw Failure(exit_usage, fmt::format("{}: the request's head does not end", name));
    into.method = parser.head.method;
    into.target = parser.head.target;
    into.host = parser.head.host;
    into.request_fields = parser.head.fields;
    into.request_body = rest_of(text.substr(used), parser.head.framing, parser.head.length, name);
}

void read_response(std::string_view text, const std::string& name, Exchange& into) {
    http::ResponseParser parser(file_limits());
    for (;;) {
        size_t used = 0;
        const http::Progress progress = parser.feed(text, used, into.method);
        if (progress == http::Progress::bad) refuse(name, parser.refusal);
        if (progress == http::Progress::more)
            throw Failure(exit_usage, fmt::format("{}: the answer's head does not end", name));
        text.remove_prefix(used);
        if (parser.head.status >= 200 || parser.head.status == 101) break;
        parser.reset();  // 100 Continue and 103 Early Hints come before the answer
    }
    into.status = parser.head.status;
    into.response_fields = parser.head.fields;
    into.response_body = rest_of(text, parser.head.framing, parser.head.length, name);
}

}  // namespace

BodyReader::BodyReader(http::Framing framing, uint64_t length, const http::Limits& limits)
    : framing_(framing), remaining_(length), most_(limits.body_bytes), chunks_(limits) {}

http::Progress BodyReader::take(std::string_view piece, bool last) {
    if (most_ != 0 && body.size() + piece.size() > most_) {
        refusal = {413, fmt::format("the body is longer than {} bytes", most_)};
        return http::Progress::bad;
    }
    body.append(piece);
    return last ? http::Progress::done : http::Progress::more;
}

http::Progress BodyReader::feed(std::string_view bytes, size_t& used) {
    used = 0;
    if (framing_ == http::Framing::none) return http::Progress::done;
    if (framing_ == http::Framing::chunked) {
        std::vector<std::string_view> pieces;
        const http::Progress progress = chunks_.feed(bytes, used, pieces);
        if (progress == http::Progress::bad) refusal = chunks_.refusal;
        for (const std::string_view piece : pieces)
            if (take(piece, false) == http::Progress::bad) return http::Progress::bad;
        return progress;
    }
    used = framing_ == http::Framing::close ? bytes.size()
                                            : static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size()));
    remaining_ -= framing_ == http::Framing::close ? 0 : used;
    return take(bytes.substr(0, used), framing_ == http::Framing::length && remaining_ == 0);
}

Exchange read_exchange(std::string_view request, const std::string& request_name, std::string_view response,
                       const std::string& response_name) {
    Exchange exchange;
    read_request(request, request_name, exchange);
    read_response(response, response_name, exchange);
    return exchange;
}

}  // namespace trot::cli
