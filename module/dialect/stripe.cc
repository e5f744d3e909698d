#include "dialect/stripe.h"

#include <algorithm>

#include "dialect/changed.h"
#include "dialect/header_text.h"
#include "dialect/keyring.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "dialect/tolerance.h"

namespace trot {
namespace {

constexpr std::string_view stripe_header = "Stripe-Signature";

class StripeRenderer : public Renderer {
  public:
    StripeRenderer(Keyring<Hmac> keys, const FormatOptions& options)
        : keys_(std::move(keys)),
          api_version_(option(options, "api_version", "")),
          livemode_(option(options, "livemode", "true")) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        std::string out = "{\"id\":";
        out.reserve(event.payload.size() + 256);
        append_quoted(out, event.id);
        out += ",\"object\":\"event\",\"api_version\":";
        if (api_version_.empty())
            out += "null";
        else
            append_quoted(out, api_version_);
        out += ",\"created\":" + std::to_string(event.at_ms / 1000) + ",\"data\":{\"object\":";
        append_payload(out, event);
        append_opaque_mark(out, event);
        append_previous(out, event);
        out += "},\"livemode\":" + livemode_ + ",\"type\":";
        append_quoted(out, event.topic);
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"});
        out.push_back({"Accept", "*/*; q=0.5, application/xml"});
        out.push_back({"Content-Type", "application/json; charset=utf-8"});
        const std::string time = std::to_string(delivery.at_s);
        std::string value = "t=" + time;
        for (Hmac* key : keys_.holding(delivery.at_s)) value += ",v1=" + hex(key->sign({time, ".", body}));
        out.push_back({std::string(stripe_header), std::move(value)});
    }

  private:
    void append_previous(std::string& out, const EventView& event) {
        if (!Changes::known(event)) return;
        out += ",\"previous_attributes\":{";
        std::string_view between;
        for (const Changes::One& one : changes_.of(event)) {
            ((out += between) += one.key) += ':';
            out += one.was;
            between = ",";
        }
        out += '}';
    }

    Keyring<Hmac> keys_;
    std::string api_version_, livemode_;
    Changes changes_;
};

class StripeFormat : public Format {
  public:
    std::string_view name() const override { return "stripe"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = {
            {.name = "api_version", .right = "a version like \"2024-06-20\"", .fits = is_header_word},
            {.name = "livemode", .kind = OptionRule::Kind::flag},
        };
        return rules;
    }

    FormatPolicy policy() const override {
        constexpr int64_t minute = 60000;
        constexpr int64_t hour = 60 * minute;
        FormatPolicy out;
        out.trace = false;
        out.schedule_ms = {5 * minute, 30 * minute, 2 * hour,  5 * hour, 10 * hour,
                           12 * hour,  12 * hour,   12 * hour, 12 * hour};
        return out;
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty()) return Fault{Code::config, "format stripe needs a secret of at least 16 bytes"};
        return std::unique_ptr<Renderer>(
            std::make_unique<StripeRenderer>(plain_keys(recipient.secrets), recipient.options));
    }

    Result<void> check_secret(const Secret& secret) const override {
        return check_plain_secret(secret, "a Stripe secret");
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        const std::string* given = find_field(headers, stripe_header);
        if (given == nullptr || given->empty()) return Fault{Code::refused, "header Stripe-Signature is missing"};
        std::string_view time;
        std::vector<std::string_view> signatures;
        for (std::string_view list = *given; !list.empty();) {
            const std::string_view one = list.substr(0, list.find(','));
            list.remove_prefix(std::min(list.size(), one.size() + 1));
            if (one.substr(0, 2) == "t=" && time.empty()) time = one.substr(2);
            if (one.substr(0, 3) == "v1=") signatures.push_back(one.substr(3));
        }
        if (Result<void> young = check_age("t of Stripe-Signature", time, now_s); !young) return young;
        if (signatures.empty()) return Fault{Code::refused, "Stripe-Signature holds no v1"};
        for (const std::string_view signature : signatures)
            if (plain_proof(secrets, now_s, Digest::sha256, {time, ".", body}, signature, hex)) return {};
        return Fault{Code::refused, "no v1 of Stripe-Signature fits the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"accept", "content-type", "user-agent", "stripe-signature"};
    }
};

}  // namespace

const Format& stripe_format() {
    static const StripeFormat format;
    return format;
}

}  // namespace trot
