#include "dialect/standard.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "dialect/header_text.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"

namespace trot {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr int64_t tolerance_s = 300;
// The bits of EventView::flags that mean "the payload is not whole" (partial answer, truncated).
constexpr uint32_t cut_flags = 1U | 2U;

Result<std::string> key_of(const Secret& secret) {
    constexpr std::string_view right = "; right is whsec_ and the base64 of 24 to 64 random bytes";
    std::string_view text = secret.reveal();
    if (text.substr(0, secret_prefix.size()) != secret_prefix)
        return Fault{Code::config, "the secret does not begin with whsec_" + std::string(right)};
    Result<std::string> key = unbase64(text.substr(secret_prefix.size()));
    if (!key) return Fault{Code::config, "behind whsec_ the secret is not base64" + std::string(right)};
    if (key.value().size() < 24 || key.value().size() > 64)
        return Fault{Code::config,
                     "the secret has " + std::to_string(key.value().size()) + " bytes" + std::string(right)};
    return key;
}

Result<std::vector<Hmac>> keyed(const std::vector<Secret>& secrets) {
    if (secrets.empty()) return Fault{Code::config, "format standard needs a secret"};
    std::vector<Hmac> macs;
    for (const Secret& secret : secrets) {
        Result<std::string> key = key_of(secret);
        if (!key) return key.fault();
        Secret wiped(std::move(key.value()));  // so that the decoded key is wiped, too
        macs.emplace_back(Digest::sha256, wiped.reveal());
    }
    return macs;
}

class StandardRenderer : public Renderer {
  public:
    StandardRenderer(std::unique_ptr<StandardSigner> signer, bool sequence)
        : signer_(std::move(signer)), sequence_(sequence) {}

    std::string body(const EventView& event, const DeliveryView& delivery) override {
        std::string out;
        out.reserve(event.payload.size() + 256);
        out += "{\"id\":";
        append_quoted(out, event.id);
        out += ",\"type\":";
        append_quoted(out, event.topic);
        out += ",\"timestamp\":\"" + rfc3339(event.at_ms) + "\"";
        if (!event.resource.empty()) {
            std::string subject(event.resource);
            if (!event.resource_id.empty()) (subject += '/') += event.resource_id;
            out += ",\"subject\":";
            append_quoted(out, subject);
        }
        out += ",\"data\":";
        append_payload(out, event);
        append_opaque_mark(out, event);
        if ((event.flags & cut_flags) != 0) out += ",\"truncated\":true";
        if (sequence_ && delivery.sequence > 0) out += ",\"sequence\":" + std::to_string(delivery.sequence);
        out += '}';
        return out;
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"content-type", "application/json"});
        signer_->headers(delivery, body, out);
    }

  private:
    std::unique_ptr<StandardSigner> signer_;
    const bool sequence_;
};

bool shows_sequence(const FormatOptions& options) { return option(options, "sequence", "false") == "true"; }

class StandardFormat : public Format {
  public:
    std::string_view name() const override { return "standard"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules{{"sequence", OptionRule::Kind::flag}};
        return rules;
    }

    // Each subscription counts for itself.
    bool shares_bodies(const FormatOptions& options) const override { return !shows_sequence(options); }
    bool batches(const FormatOptions& /*options*/) const override { return true; }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty()) return Fault{Code::config, "format standard needs a secret"};
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(
            std::make_unique<StandardRenderer>(std::move(signer).value(), shows_sequence(recipient.options)));
    }

    Result<void> check_secret(const Secret& secret) const override {
        Result<std::string> key = key_of(secret);
        if (!key) return key.fault();
        Secret wiped(std::move(key.value()));
        return {};
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        const std::string* id = find_field(headers, "webhook-id");
        const std::string* time = find_field(headers, "webhook-timestamp");
        const std::string* signatures = find_field(headers, "webhook-signature");
        for (auto [value, name] : {std::pair(id, "webhook-id"), std::pair(time, "webhook-timestamp"),
                                   std::pair(signatures, "webhook-signature")})
            if (value == nullptr || value->empty())
                return Fault{Code::refused, std::string("header ") + name + " is missing"};
        int64_t sent = 0;
        auto [stop, fault] = std::from_chars(time->data(), time->data() + time->size(), sent);
        if (fault != std::errc() || stop != time->data() + time->size() || sent < 0)
            return Fault{Code::refused, "webhook-timestamp is not a number of seconds"};
        if (sent < now_s - tolerance_s) return Fault{Code::refused, "webhook-timestamp is older than 300 seconds"};
        if (sent > now_s + tolerance_s)
            return Fault{Code::refused, "webhook-timestamp lies more than 300 seconds ahead"};
        Result<std::vector<Hmac>> macs = keyed(secrets);
        if (!macs) return macs.fault();
        for (Hmac& mac : macs.value()) {
            std::string expected = "v1," + base64(mac.sign({*id, ".", *time, ".", body}));
            if (holds(*signatures, expected)) return {};
        }
        return Fault{Code::refused, "no signature in webhook-signature fits the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"};
    }

  private:
    // The header is a list; entries of unknown versions (v1a) are skipped because they never equal ours.
    static bool holds(std::string_view list, std::string_view expected) {
        bool found = false;
        while (!list.empty()) {
            std::string_view one = list.substr(0, list.find(' '));
            if (same_secret(one, expected)) found = true;
            list.remove_prefix(std::min(list.size(), one.size() + 1));
        }
        return found;
    }
};

}  // namespace

void StandardSigner::headers(const DeliveryView& delivery, std::string_view body, Fields& out) {
    std::string id = header_text(delivery.id);
    std::string time = std::to_string(delivery.at_s);
    std::string signatures;
    for (Hmac& mac : macs_) {
        if (!signatures.empty()) signatures += ' ';
        signatures += "v1," + base64(mac.sign({id, ".", time, ".", body}));
    }
    out.push_back({"webhook-id", std::move(id)});
    out.push_back({"webhook-timestamp", std::move(time)});
    out.push_back({"webhook-signature", std::move(signatures)});
}

Result<std::unique_ptr<StandardSigner>> standard_signer(const std::vector<Secret>& secrets) {
    if (secrets.empty()) return std::unique_ptr<StandardSigner>();
    Result<std::vector<Hmac>> macs = keyed(secrets);
    if (!macs) return macs.fault();
    return std::make_unique<StandardSigner>(std::move(macs).value());
}

Result<void> check_extra_secret(const Secret& secret) {
    return secret.empty() ? Result<void>() : standard_format().check_secret(secret);
}

const Format& standard_format() {
    static const StandardFormat format;
    return format;
}

}  // namespace trot
