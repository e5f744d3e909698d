#include "dialect/plain.h"

#include <optional>

#include "base/clock.h"
#include "dialect/header_text.h"
#include "dialect/mustache.h"
#include "dialect/payload.h"
#include "dialect/plain_signature.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "url/header.h"

namespace trot {
namespace {

bool is_header_name(std::string_view text) { return check_header(std::string(text), "x").ok(); }

bool is_prefix(std::string_view text) { return is_header_name(std::string(text) + "Id"); }

bool is_json(std::string_view type) { return type.find("json") != std::string_view::npos; }

// What the body's template is filled in from.
std::string document(const EventView& event, const std::string& subscription) {
    std::string out = "{\"id\":";
    append_quoted(out, event.id);
    for (const auto& [name, value] : {std::pair("topic", event.topic), std::pair("resource", event.resource),
                                      std::pair("resource_id", event.resource_id), std::pair("action", event.action),
                                      std::pair("subscription", std::string_view(subscription))}) {
        ((out += ",\"") += name) += "\":";
        append_quoted(out, value);
    }
    out += ",\"timestamp\":\"" + rfc3339(event.at_ms) + "\",\"unix\":" + std::to_string(event.at_ms / 1000);
    out += ",\"payload\":";
    append_payload(out, event);
    append_opaque_mark(out, event);
    if (!event.previous.empty()) (out += ",\"previous\":") += event.previous;
    return out + '}';
}

class PlainRenderer : public Renderer {
  public:
    explicit PlainRenderer(const Recipient& recipient)
        : signature_(recipient.options),
          keys_(plain_keys(recipient.secrets, signature_.digest())),
          type_(option(recipient.options, "content_type", "application/json")),
          name_(recipient.name) {
        if (const std::vector<std::string>* body = option_values(recipient.options, "body"))
            if (Result<Mustache> read = Mustache::read(body->front())) template_ = std::move(read).value();
    }

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        if (!template_) return bare_payload(event);
        return template_->render(document(event, name_),
                                 is_json(type_) ? Mustache::Escape::json : Mustache::Escape::html);
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        const std::string id = header_text(delivery.id);
        const std::string topic = header_text(delivery.topic);
        const std::string time = std::to_string(delivery.at_s);
        out.push_back({"Content-Type", type_});
        out.push_back({signature_.id_header(), id});
        if (!topic.empty()) out.push_back({signature_.topic_header(), topic});
        out.push_back({signature_.time_header(), time});
        if (!keys_.empty())
            out.push_back(
                {signature_.header(), signature_.value(keys_.holding(delivery.at_s), {id, time, topic, body})});
    }

  private:
    PlainSignature signature_;
    Keyring<Hmac> keys_;
    std::string type_, name_;
    std::optional<Mustache> template_;
};

class PlainFormat : public Format {
  public:
    std::string_view name() const override { return "plain"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        static const std::vector<OptionRule> rules = {
            {.name = "body",
             .right = "a Mustache template of at most 16 KiB like \"{\\\"order\\\": {{{payload}}}}\", each section "
                      "closed, no partials",
             .fits = is_mustache,
             .most = 16384},
            {.name = "content_type", .right = "a media type like \"text/plain\"", .fits = is_media_type},
            {.name = "prefix",
             .right = "the beginning of headers' names like \"X-Acme-\"",
             .fits = is_prefix,
             .most = 64},
            {.name = "signature_header", .right = "a header's name like \"X-Acme-Signature\"", .fits = is_header_name},
            {.name = "algorithm", .kind = Kind::choice, .choices = {"sha256", "sha512", "sha1"}},
            {.name = "encoding", .kind = Kind::choice, .choices = {"hex", "base64"}},
            {.name = "signed",
             .right = "a template with {{body}}, and {{id}}, {{timestamp}}, {{topic}} where wanted",
             .fits = PlainSignature::is_signed_template},
            {.name = "signature",
             .right = "a template with {{signature}} or {{signatures}}, and {{id}}, {{timestamp}}, {{topic}} where "
                      "wanted, with text between them",
             .fits = PlainSignature::is_value_template},
        };
        return rules;
    }

    // The name of the subscription may be in it.
    bool shares_bodies(const FormatOptions& options) const override {
        return option_values(options, "body") == nullptr;
    }
    // A template may make anything.
    bool batches(const FormatOptions& options) const override { return option_values(options, "body") == nullptr; }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        return std::unique_ptr<Renderer>(std::make_unique<PlainRenderer>(recipient));
    }

    Result<void> check_secret(const Secret& secret) const override {
        return secret.empty() ? Result<void>() : check_plain_secret(secret, "a secret");
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        return verify_as({}, headers, body, secrets, now_s);
    }
    Result<void> verify_as(const FormatOptions& options, const Fields& headers, std::string_view body,
                           const std::vector<Secret>& secrets, int64_t now_s) const override {
        return PlainSignature(options).verify(headers, body, secrets, now_s);
    }

    std::vector<std::string_view> reserved() const override {
        return {"content-type", "x-webhook-id", "x-webhook-topic", "x-webhook-timestamp", "x-webhook-signature"};
    }
};

}  // namespace

const Format& plain_format() {
    static const PlainFormat format;
    return format;
}

}  // namespace trot
