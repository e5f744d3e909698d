// trotline listen: a receiver for trying things. One JSON line a request: when, what, and whether its signature holds.
#include <fmt/format.h>

#include <ctime>

#include "commands.h"
#include "door.h"
#include "json.h"
#include "receiver.h"
#include "say.h"

namespace trot::cli {
namespace {

std::string now_text() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    return fmt::format("{}.{:03}Z", text, now.tv_nsec / 1000000);
}

// Header values may be Latin-1: then each byte is its letter.
Json header_text(std::string_view bytes) {
    Json text = json_text(bytes);
    if (text) return text;
    std::string wide;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            wide += c;
        } else {
            wide += static_cast<char>(0xc0 | (byte >> 6));
            wide += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return json_text(wide);
}

Json headers_of(const http::RequestHead& head) {
    Json headers(json_object());
    for (const http::Field& field : head.fields) {
        const json_t* known = json_object_get(headers.get(), field.name.c_str());
        const std::string value =
            known == nullptr ? field.value : fmt::format("{}, {}", json_string_value(known), field.value);
        json_object_set_new(headers.get(), field.name.c_str(), header_text(value).release());
    }
    return headers;
}

// true, false or null, and why.
void add_verdict(json_t* line, const ListenArgs& args, const std::string& secret, const Received& request) {
    if (args.secret_file.empty()) {
        json_object_set_new(line, "verified", json_null());
        json_object_set_new(line, "why", json_string("no secret was given: --secret-file FILE"));
        return;
    }
    std::vector<trot_field> fields;
    for (const http::Field& field : request.head.fields) fields.push_back({text_of(field.name), text_of(field.value)});
    // What formats sign besides the headers. A receiver of its own, so the scheme is plain HTTP's.
    const std::string& target = request.head.target;
    const std::string url = target.empty() || target.front() != '/' ? target : "http://" + request.head.host + target;
    fields.push_back({text_of("@method"), text_of(request.head.method)});
    fields.push_back({text_of("@target-uri"), text_of(url)});
    trot_fault why = empty_fault();
    const int code =
        trot_verify(args.format.c_str(), text_of(secret), fields.data(), fields.size(), text_of(request.body), 0, &why);
    json_object_set_new(line, "verified", json_boolean(code == TROT_OK));
    json_object_set_new(line, "why",
                        json_string(code == TROT_OK ? "the signature holds" : words_of(code, why).c_str()));
}

std::string line_of(const ListenArgs& args, const std::string& secret, const Received& request) {
    const Json line(json_object());
    json_object_set_new(line.get(), "at", json_string(now_text().c_str()));
    json_object_set_new(line.get(), "method", json_string(request.head.method.c_str()));
    json_object_set_new(line.get(), "path", header_text(request.head.target).release());
    json_object_set_new(line.get(), "headers", headers_of(request.head).release());
    Json body = json_text(request.body);
    if (!body) json_object_set_new(line.get(), "body_base64", json_string(base64(request.body).c_str()));
    json_object_set_new(line.get(), "body", body ? body.release() : json_null());
    add_verdict(line.get(), args, secret, request);
    return dump_json(line.get());
}

}  // namespace

int listen(const ListenArgs& args) {
    const std::string secret = args.secret_file.empty() ? std::string() : read_secret(args.secret_file);
    trot_fault fault = empty_fault();
    if (trot_verify(args.format.c_str(), text_of(secret), nullptr, 0, text_of(""), 0, &fault) == TROT_ENOTFOUND)
        throw Failure(exit_usage, words_of(TROT_ENOTFOUND, fault));
    Receiver receiver(args.bind, args.port, args.status,
                      [&](const Received& request) { put_line(line_of(args, secret, request)); });
    warn(fmt::format("listening on http://{}", receiver.address()));
    receiver.run();
    return exit_fine;
}

}  // namespace trot::cli
