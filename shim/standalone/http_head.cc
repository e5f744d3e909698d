// What requests and answers share: lines, limits, fields, and which fields end at this hop.
#include <algorithm>

#include "shim/standalone/http.h"
#include "shim/standalone/http_text.h"

namespace trot::http {

namespace {

const std::string* find_in(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields)
        if (equal_nocase(field.name, name)) return &field.value;
    return nullptr;
}

constexpr std::string_view kHop[] = {"connection", "keep-alive",        "proxy-connection", "te",
                                     "trailer",    "transfer-encoding", "upgrade",          "http2-settings"};
// "Connection: Content-Length" would let a client take the length away from a body that is forwarded; the others, the
// meaning.
constexpr std::string_view kKept[] = {"host",          "content-length", "content-type", "content-encoding",
                                      "content-range", "authorization",  "cookie",       "set-cookie",
                                      "location",      "cache-control",  "date"};

}  // namespace

const std::string* RequestHead::find(std::string_view name) const { return find_in(fields, name); }
const std::string* ResponseHead::find(std::string_view name) const { return find_in(fields, name); }

bool hop_by_hop(std::string_view name, const std::vector<Field>& fields) {
    for (const std::string_view hop : kHop)
        if (same_to_cgi(name, hop)) return true;
    for (const std::string_view kept : kKept)
        if (equal_nocase(name, kept)) return false;
    return names(fields, "connection", name);
}

Progress HeadReader::refuse(int status, std::string why) {
    state_ = State::bad;
    refusal.status = status;
    refusal.why = std::move(why);
    return Progress::bad;
}

Progress HeadReader::refuse_line(LineReader::Step step, int too_long_status) {
    if (step == LineReader::Step::too_long && too_long_status == 414)
        return refuse(414, "the request line is too long");
    if (step == LineReader::Step::too_long)
        return refuse(too_long_status,
                      "the head is longer than its limit of " + std::to_string(limits_.head_bytes) + " bytes");
    const std::string where = " in line " + std::to_string(line_ + 1) + " of the head; lines end with CR LF";
    return refuse(400, (step == LineReader::Step::bare_cr ? "CR without LF" : "LF without CR") + where);
}

Progress HeadReader::add_field(std::string_view line, std::vector<Field>& fields) {
    std::string_view name;
    std::string_view value;
    if (const char* wrong = split_field(line, name, value))
        return refuse(400, "line " + std::to_string(line_) + " of the head " + wrong);
    if (fields.size() >= limits_.field_count)
        return refuse(431, "more than " + std::to_string(limits_.field_count) + " header fields");
    if (fields.empty()) fields.reserve(std::min<size_t>(limits_.field_count, 16));
    fields.push_back(Field{std::string(name), std::string(value)});
    return Progress::more;
}

void HeadReader::restart() {
    lines_.reset();
    state_ = State::start;
    taken_ = line_ = 0;
    refusal = Refusal{};
}

}  // namespace trot::http
