#include "dialect/shareactor.h"

#include <algorithm>

#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"

namespace trot {
namespace {

class ShareactorRenderer : public Renderer {
  public:
    ShareactorRenderer(Hmac mac, std::string_view url, bool asks) : mac_(std::move(mac)), url_(url), asks_(asks) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        std::string out = "{";
        out.reserve(event.payload.size() + event.previous.size() + url_.size() + 128);
        if (asks_) {
            out += "\"object_type\":";
            append_quoted(out, event.resource);
            out += ",\"kind\":";
            append_quoted(out, event.topic);
        } else {
            data_.append(out, event);
        }
        out += ",\"url\":";
        append_quoted(out, url_);
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"Content-Type", "application/json"});
        out.push_back({"X-Share-Webhook-Type", asks_ ? "WebhookConfirmation" : "WebhookMessage"});
        out.push_back({"X-Share-Webhook-Signature", hex(mac_.sign({body}))});
        out.push_back({"X-Share-Webhook-Retries", std::to_string(delivery.attempt - 1)});
    }

  private:
    Hmac mac_;
    std::string url_;
    bool asks_;
    ShareactorData data_;
};

class ShareactorFormat : public Format {
  public:
    std::string_view name() const override { return "shareactor"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        using Writer = OptionRule::Writer;
        static const std::vector<OptionRule> rules = {
            {.name = "message", .kind = Kind::choice, .choices = {"confirmation"}, .writer = Writer::nobody},
            {.name = "handshake", .kind = Kind::flag, .live = true, .writer = Writer::apis},
            {.name = "ids",
             .kind = Kind::choice,
             .choices = {"extended", "plain"},
             .live = true,
             .writer = Writer::apis},
        };
        return rules;
    }

    FormatPolicy policy() const override {
        FormatPolicy out;
        out.schedule_ms = {5000, 300000, 1800000, 7200000};
        out.trace = false;
        return out;
    }

    bool shares_bodies(const FormatOptions& /*options*/) const override { return false; }  // the URL is in it

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty())
            return Fault{Code::config, "format shareactor needs a secret of at least 16 bytes"};
        return std::unique_ptr<Renderer>(std::make_unique<ShareactorRenderer>(
            Hmac(Digest::sha256, recipient.secrets.front().reveal()), recipient.url,
            option(recipient.options, "message", "") == "confirmation"));
    }

    Result<void> check_secret(const Secret& secret) const override {
        if (secret.reveal().size() >= 16) return {};
        return Fault{Code::config,
                     "the secret has " + std::to_string(secret.reveal().size()) +
                         " bytes; a ShareActor secret should have at least 16 (theirs are 60 hex digits)"};
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t /*now_s*/) const override {
        const std::string* signature = find_field(headers, "X-Share-Webhook-Signature");
        if (signature == nullptr || signature->empty())
            return Fault{Code::refused, "header X-Share-Webhook-Signature is missing"};
        for (const Secret& secret : secrets)
            if (same_secret(*signature, hex(Hmac(Digest::sha256, secret.reveal()).sign({body})))) return {};
        return Fault{Code::refused, "X-Share-Webhook-Signature does not fit the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"content-type", "x-share-webhook-type", "x-share-webhook-signature", "x-share-webhook-retries"};
    }
};

}  // namespace

void ShareactorData::append(std::string& out, const EventView& event) {
    out += "\"object_type\":";
    append_quoted(out, event.resource);
    out += ",\"previous_data\":{";
    append_changed(out, event);
    out += "},\"kind\":";
    append_quoted(out, event.topic);
    out += ",\"object\":";
    append_payload(out, event);
    append_opaque_mark(out, event);
}

// The members of the first level that are other than they were, as they were.
void ShareactorData::append_changed(std::string& out, const EventView& event) {
    if (event.previous.empty() || event.payload.empty() || !event.payload_json) return;
    now_.load(event.payload);
    before_.load(event.previous);
    const std::vector<JsonMember> now = now_.members("");
    std::string_view between;
    for (const JsonMember& was : before_.members("")) {
        const bool same = std::any_of(now.begin(), now.end(), [&was](const JsonMember& is) {
            return is.key == was.key && is.value.raw == was.value.raw;
        });
        if (same) continue;
        out += between;
        (out += was.key) += ':';
        out += was.value.raw;
        between = ",";
    }
}

const Format& shareactor_format() {
    static const ShareactorFormat format;
    return format;
}

}  // namespace trot
