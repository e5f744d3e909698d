#include "dialect/plain_signature.h"

#include <algorithm>

#include "dialect/header_text.h"
#include "dialect/style.h"
#include "dialect/tolerance.h"

namespace trot {
namespace {

constexpr std::string_view usual_prefix = "X-Webhook-";
constexpr std::string_view usual_signed = "{{timestamp}}.{{body}}";
constexpr std::string_view usual_value = "t={{timestamp}},v1={{signatures|,v1=}}";

const std::vector<std::string_view>& signed_names() {
    static const std::vector<std::string_view> names{"id", "timestamp", "topic", "body"};
    return names;
}

const std::vector<std::string_view>& value_names() {
    static const std::vector<std::string_view> names{"id", "timestamp", "topic", "signature", "signatures"};
    return names;
}

// The options' rules have seen that it stands.
LineTemplate template_of(std::string_view text, const std::vector<std::string_view>& names) {
    Result<LineTemplate> read = LineTemplate::read(text, names);
    return read ? std::move(read).value() : LineTemplate();
}

std::vector<std::string_view> signatures_in(std::string_view list, std::string_view between) {
    std::vector<std::string_view> out;
    for (;;) {
        const size_t end = list.find(between);
        out.push_back(list.substr(0, end));
        if (end == std::string_view::npos) return out;
        list.remove_prefix(end + between.size());
    }
}

}  // namespace

bool PlainSignature::is_signed_template(std::string_view text) {
    const Result<LineTemplate> read = LineTemplate::read(text, signed_names());
    return read && read.value().has("body");
}

bool PlainSignature::is_value_template(std::string_view text) {
    const Result<LineTemplate> read = LineTemplate::read(text, value_names());
    return read && header_text(text) == text && read.value().has("signature") != read.value().has("signatures");
}

PlainSignature::PlainSignature(const FormatOptions& options) {
    const std::string prefix(option(options, "prefix", usual_prefix));
    id_header_ = prefix + "Id";
    topic_header_ = prefix + "Topic";
    time_header_ = prefix + "Timestamp";
    header_ = option(options, "signature_header", prefix + "Signature");
    const std::string_view algorithm = option(options, "algorithm", "sha256");
    digest_ = algorithm == "sha1" ? Digest::sha1 : algorithm == "sha512" ? Digest::sha512 : Digest::sha256;
    base64_ = option(options, "encoding", "hex") == "base64";
    signed_ = template_of(option(options, "signed", usual_signed), signed_names());
    value_ = template_of(option(options, "signature", usual_value), value_names());
}

std::string PlainSignature::one(Hmac& key, const Over& over) const {
    const std::string text = signed_.render([&over](const LineTemplate::Piece& piece) {
        if (piece.text == "id") return std::string(over.id);
        if (piece.text == "timestamp") return std::string(over.time);
        return std::string(piece.text == "topic" ? over.topic : over.body);
    });
    const std::string mac = key.sign({text});
    return base64_ ? base64(mac) : hex(mac);
}

std::string PlainSignature::value(const std::vector<Hmac*>& keys, const Over& over) const {
    return value_.render([&](const LineTemplate::Piece& piece) {
        if (piece.text == "id") return std::string(over.id);
        if (piece.text == "timestamp") return std::string(over.time);
        if (piece.text == "topic") return std::string(over.topic);
        std::string out;
        for (Hmac* key : keys) {
            if (!out.empty()) out += piece.between;
            out += one(*key, over);
            if (piece.text == "signature") break;
        }
        return out;
    });
}

Result<void> PlainSignature::verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                                    int64_t now_s) const {
    const std::string* given = find_field(headers, header_);
    if (given == nullptr || given->empty()) return Fault{Code::refused, "header " + header_ + " is missing"};
    const auto matched = value_.match(*given);
    if (!matched) return Fault{Code::refused, header_ + " does not look as the option 'signature' says"};
    const auto header = [&headers](const std::string& name) {
        const std::string* value = find_field(headers, name);
        return value == nullptr ? std::string_view() : std::string_view(*value);
    };
    Over over{header(id_header_), header(time_header_), header(topic_header_), body};
    std::vector<std::string_view> signatures;
    for (const auto& [piece, text] : *matched) {
        if (piece->text == "id") over.id = text;
        if (piece->text == "timestamp") over.time = text;
        if (piece->text == "topic") over.topic = text;
        if (piece->text == "signature") signatures = {text};
        if (piece->text == "signatures") signatures = signatures_in(text, piece->between);
    }
    if (signed_.has("timestamp"))
        if (Result<void> young = check_age("the timestamp of " + header_, over.time, now_s); !young) return young;
    bool proven = false;
    for (const Secret& secret : secrets) {
        if (!secret.holds(now_s)) continue;
        Hmac key(digest_, secret.reveal());
        const std::string wanted = one(key, over);
        for (const std::string_view signature : signatures)
            if (same_secret(signature, wanted)) proven = true;
    }
    if (proven) return {};
    return Fault{Code::refused, "no signature in " + header_ + " fits the body"};
}

}  // namespace trot
