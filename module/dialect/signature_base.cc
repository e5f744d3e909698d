#include "dialect/signature_base.h"

#include "crypto/digest.h"
#include "dialect/signature_input.h"

namespace trot {
namespace {

// An absolute URL in its parts; all of them views into it.
struct Target {
    std::string_view scheme, authority, rest;  // rest: path and query
};

Target parts_of(std::string_view url) {
    Target out;
    const size_t colon = url.find("://");
    if (colon == std::string_view::npos) return out;
    out.scheme = url.substr(0, colon);
    url.remove_prefix(colon + 3);
    out.authority = url.substr(0, url.find_first_of("/?"));
    out.rest = url.substr(out.authority.size());
    return out;
}

std::string header_value(const Fields& fields, std::string_view name, bool& there) {
    std::string out;
    for (const Field& field : fields) {
        if (!equal_nocase(field.name, name)) continue;
        if (there) out += ", ";
        out += trim(field.value);
        there = true;
    }
    return out;
}

}  // namespace

std::string canonical_target(std::string_view url) {
    const Target parts = parts_of(url);
    if (parts.authority.empty()) return std::string(url);
    const std::string scheme = lower(parts.scheme);
    std::string authority = lower(parts.authority);
    const std::string_view usual = scheme == "https" ? ":443" : ":80";
    const size_t colon = authority.rfind(':');
    if (colon != std::string::npos && (authority.substr(colon) == usual || colon + 1 == authority.size()))
        authority.resize(colon);
    const bool bare = parts.rest.empty() || parts.rest.front() == '?';
    return scheme + "://" + authority + (bare ? "/" : "") + std::string(parts.rest);
}

Result<std::string> component_of(const SignedMessage& message, std::string_view name) {
    if (name == "@method") return std::string(message.method);
    if (name.substr(0, 1) != "@") {
        bool there = false;
        std::string value = header_value(message.fields, name, there);
        if (!there)
            return Fault{Code::refused, "the signature covers header " + std::string(name) + ", which is missing"};
        return value;
    }
    const Target target = parts_of(message.target);
    if (target.authority.empty())
        return Fault{Code::refused, "the signature covers " + std::string(name) +
                                        ", and the request's URL is not known: --url tells it"};
    const std::string_view path = target.rest.substr(0, target.rest.find('?'));
    if (name == "@target-uri") return std::string(message.target);
    if (name == "@authority") return std::string(target.authority);
    if (name == "@scheme") return std::string(target.scheme);
    if (name == "@request-target") return std::string(target.rest);
    if (name == "@path") return std::string(path);
    if (name == "@query") return path.size() < target.rest.size() ? std::string(target.rest.substr(path.size())) : "?";
    return Fault{Code::refused, "the signature covers " + std::string(name) + ", which is not known here"};
}

Result<std::string> signature_base(const SignedMessage& message, const std::vector<std::string>& components,
                                   std::string_view params) {
    std::string out;
    for (const std::string& name : components) {
        Result<std::string> value = component_of(message, name);
        if (!value) return value.fault();
        out += '"' + name + "\": " + value.value() + '\n';
    }
    return out + "\"@signature-params\": " + std::string(params);
}

std::string content_digest(std::string_view body) { return "sha-256=:" + base64(hash_of(Digest::sha256, body)) + ":"; }

Result<void> check_digest(std::string_view header, std::string_view body) {
    const Result<std::vector<ByteMember>> members = read_byte_members(header);
    if (!members) return Fault{Code::refused, "Content-Digest " + members.fault().text};
    bool known = false;
    for (const ByteMember& member : members.value()) {
        if (member.label != "sha-256" && member.label != "sha-512") continue;
        known = true;
        const Digest digest = member.label == "sha-256" ? Digest::sha256 : Digest::sha512;
        if (!same_secret(hash_of(digest, body), member.bytes))
            return Fault{Code::refused, "Content-Digest does not fit the body"};
    }
    if (known) return {};
    return Fault{Code::refused, "Content-Digest has neither sha-256 nor sha-512"};
}

}  // namespace trot
