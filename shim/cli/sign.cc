// trotline sign, trotline verify, trotline keys: what a signature is made of, by hand, and what proves it.
#include <fmt/format.h>
#include <sys/random.h>

#include <vector>

#include "commands.h"
#include "door.h"
#include "say.h"

namespace trot::cli {
namespace {

std::string random_id() {
    unsigned char bytes[12] = {};
    if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        throw Failure(exit_unreachable, "the system gives no random bytes");
    std::string id = "msg_";
    for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
    return id;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

std::vector<trot_field> fields_of(const std::vector<std::string>& headers) {
    std::vector<trot_field> fields;
    for (const std::string& header : headers) {
        const std::string_view text = header;
        const size_t colon = text.find(':');
        if (colon == std::string_view::npos || colon == 0)
            throw Failure(exit_usage, fmt::format("--header '{}': wanted is 'NAME: VALUE'", header));
        fields.push_back({text_of(trimmed(text.substr(0, colon))), text_of(trimmed(text.substr(colon + 1)))});
    }
    return fields;
}

// The format with the URL that its deliveries go to, where it signs that.
std::string styled(const SignArgs& args) {
    const std::string_view name = std::string_view(args.format).substr(0, args.format.find('?'));
    if (args.url.empty() || name != "http-signature") return args.format;
    std::string out = args.format + (name.size() == args.format.size() ? "?" : "&") + "url=";
    for (const char c : args.url) {
        if (c == '%' || c == '&' || c == '=' || c == '?')
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

}  // namespace

int sign(const SignArgs& args) {
    const std::string secret = read_secret(args.secret_file);
    const std::string body = read_file("-");
    const std::string id = args.id.empty() ? random_id() : args.id;
    trot_reply* raw = nullptr;
    trot_fault fault = empty_fault();
    const int code = trot_sign(styled(args).c_str(), text_of(secret), text_of(id), text_of(args.topic), args.timestamp,
                               text_of(body), &raw, &fault);
    const Reply reply(raw);
    if (code != TROT_OK) throw Failure(exit_of(code), words_of(code, fault));
    put(body_of(reply));
    return exit_fine;
}

int verify(const SignArgs& args) {
    const std::string secret = read_secret(args.secret_file);
    std::vector<trot_field> fields = fields_of(args.headers);
    fields.push_back({text_of("@method"), text_of(args.method)});
    if (!args.url.empty()) fields.push_back({text_of("@target-uri"), text_of(args.url)});
    const std::string body = read_file("-");
    trot_fault why = empty_fault();
    const int code = trot_verify(args.format.c_str(), text_of(secret), fields.data(), fields.size(), text_of(body),
                                 args.timestamp, &why);
    if (code != TROT_OK && code != TROT_EREFUSED) throw Failure(exit_of(code), words_of(code, why));
    put_line(code == TROT_OK ? "verified" : fmt::format("not verified: {}", words_of(code, why)));
    return code == TROT_OK ? exit_fine : exit_no;
}

int keys(const KeysArgs& args) {
    const Plan plan = load_plan(args.config);
    trot_reply* raw = nullptr;
    const int code = trot_plan_keys(plan.get(), 0, &raw);
    const Reply reply(raw);
    if (code != TROT_OK) throw Failure(exit_of(code), words_of(code, empty_fault()));
    put_line(std::string(body_of(reply)));
    return exit_fine;
}

}  // namespace trot::cli
