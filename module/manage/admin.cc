#include "manage/admin.h"

#include <fmt/format.h>

#include <charconv>

#include "crypto/hmac.h"
#include "json/pointer.h"
#include "manage/acts.h"
#include "manage/lists.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr int wrong_tokens_a_second = 5;
constexpr int most_lines = 10000;  // of a list: an answer is made in memory

Reply text(int status, std::string body, std::string_view type = "text/plain; charset=utf-8") {
    Reply reply{status, {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}}, std::move(body)};
    return reply;
}

Reply problem(int status, std::string_view what) {
    Reply reply = text(status, fmt::format("{{\"error\":{}}}\n", json_quote(what)), "application/json");
    if (status == 401) reply.fields.push_back({"WWW-Authenticate", "Bearer realm=\"trotline\""});
    if (status == 429) reply.fields.push_back({"Retry-After", "1"});
    return reply;
}

Reply not_allowed(std::string_view methods, std::string_view what) {
    Reply reply = problem(405, what);
    reply.fields.push_back({"Allow", std::string(methods)});
    return reply;
}

int status_of(const Fault& fault) {
    switch (fault.code) {
        case Code::usage:
            return 400;
        case Code::not_found:
            return 404;
        case Code::refused:
            return 409;
        default:
            return 503;
    }
}

// The query of a list as the filter's JSON: the limit and booleans bare, the rest quoted.
Result<std::string> filter_of(std::string_view query) {
    std::string out;
    for (const Field& field : parse_query(query)) {
        std::string value = json_quote(field.value);
        if (field.name == "limit") {
            int number = 0;
            const char* end = field.value.data() + field.value.size();
            const std::from_chars_result read = std::from_chars(field.value.data(), end, number);
            if (read.ec != std::errc() || read.ptr != end || number < 1 || number > most_lines)
                return Fault{Code::usage,
                             fmt::format("limit={}: it is a number from 1 to {}", field.value, most_lines)};
            value = std::to_string(number);
        } else if (field.name == "oldest_first") {
            if (field.value != "true" && field.value != "false")
                return Fault{Code::usage, fmt::format("oldest_first={}: it is true or false", field.value)};
            value = field.value;
        }
        out += fmt::format("{}{}:{}", out.empty() ? "{" : ",", json_quote(field.name), value);
    }
    return out.empty() ? out : out + "}";
}

}  // namespace

Reply Admin::answer(const ManageRequest& request, const AdminConfig& admin, Registry* registry) {
    const Secret& token = admin.token;
    const std::string path(path_of(request.target));
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (path == "/healthz" && reads) {
        const std::string why = sources_.sickness();
        return why.empty() ? text(200, "ok\n") : text(503, why + "\n");
    }
    const int64_t now = sources_.clock->steady_us();
    if (now - window_us_ > 1000000) {
        window_us_ = now;
        wrong_ = 0;
    }
    if (wrong_ >= wrong_tokens_a_second) return problem(429, "too many wrong tokens; try again in a second");
    constexpr std::string_view scheme = "Bearer ";
    const std::string* authorization = find_field(request.fields, "Authorization");
    const std::string_view given = authorization != nullptr ? std::string_view(*authorization) : std::string_view();
    const bool bearer = given.size() > scheme.size() && equal_nocase(given.substr(0, scheme.size()), scheme);
    if (token.empty() || !bearer || !same_secret(given.substr(scheme.size()), token.reveal())) {
        ++wrong_;
        return problem(401, "send the token of [admin] token_file as \"Authorization: Bearer …\"");
    }
    if (path.size() > 1 && is_act(std::string_view(path).substr(1))) {
        if (request.method == "POST") return act(request, path.substr(1), admin, registry);
        return not_allowed("POST", "that is done with POST, and a JSON object");
    }
    if (!reads) return not_allowed("GET, HEAD", "that page only reads: use GET");
    if (path == "/status") return text(200, sources_.status() + "\n", "application/json");
    if (path == "/metrics") return text(200, sources_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    for (const char* what : {"events", "deliveries", "attempts", "subscriptions", "tasks"})
        if (path == std::string("/") + what) return lists(what, query_of(request.target));
    return problem(404,
                   "no such page; there are /healthz, /status, /metrics, /events, /deliveries, /attempts, "
                   "/subscriptions, /tasks, and "
                   "to POST to /redeliver, /backfill, /cancel, /pause, /resume, /send-test");
}

Reply Admin::lists(const std::string& what, std::string_view query) {
    const Result<std::string> filter = filter_of(query);
    if (!filter) return problem(400, filter.fault().text);
    const Result<std::unique_ptr<Reader>> reader = open_reader(sources_.store_path);
    if (!reader) return problem(503, reader.fault().text);
    Result<std::string> lines = list_json(*reader.value(), what, filter.value());
    if (!lines) return problem(lines.fault().code == Code::usage ? 400 : 503, lines.fault().text);
    return text(200, std::move(lines.value()), "application/x-ndjson");
}

Reply Admin::act(const ManageRequest& request, const std::string& what, const AdminConfig& admin, Registry* registry) {
    if (registry == nullptr) return problem(503, "the store could not be opened");
    const std::string* agent = find_field(request.fields, "User-Agent");
    const std::string by =
        fmt::format("the admin API{}{} with the token of [admin] token_file{}", admin.listen.empty() ? "" : " at ",
                    admin.listen, agent != nullptr ? " (" + agent->substr(0, 100) + ")" : std::string());
    Result<ActAnswer> done = carry_out(*registry, what, request.body.empty() ? "{}" : request.body, by, sources_.log);
    if (!done) return problem(status_of(done.fault()), done.fault().text);
    return text(done.value().status, std::move(done.value().json), "application/json");
}

}  // namespace trot
