#include "dialect/woocommerce.h"

#include <algorithm>
#include <charconv>

#include "crypto/ids.h"
#include "dialect/header_text.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "json/pointer.h"

namespace trot {
namespace {

constexpr std::string_view seed_version = "2.3.0";
constexpr std::string_view seed_wordpress = "4.1";

bool is_version(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= 20 && digit(text.front()) && digit(text.back()) &&
           text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [&digit](char c) { return digit(c) || c == '.'; });
}

bool is_source(std::string_view text) {
    return (text.substr(0, 7) == "http://" || text.substr(0, 8) == "https://") && header_text(text) == text;
}

bool all_digits(std::string_view text) {
    return !text.empty() && text.size() < 19 && (text.front() != '0' || text.size() == 1) &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class WoocommerceRenderer : public Renderer {
  public:
    WoocommerceRenderer(Hmac mac, const FormatOptions& options, std::string_view id)
        : mac_(std::move(mac)),
          number_hash_(Digest::sha256, "woocommerce delivery"),
          agent_(woocommerce_agent(options)),
          source_(option(options, "source", "")),
          hash_(option(options, "delivery_id",
                       woocommerce_has_hashes(option(options, "version", seed_version)) ? "hash" : "integer") ==
                "hash"),
          legacy_(option(options, "payload", "event") == "legacy"),
          id_(id) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        if (event.payload.empty()) return nothing_but_id(event);
        std::string out;
        if (is_opaque(event)) {
            out = "{\"data\":";
            append_payload(out, event);
            append_opaque_mark(out, event);
            return out + '}';
        }
        if (!legacy_ || event.resource == "action" || event.action == "deleted" || is_wrapped(event))
            return std::string(event.payload);
        out += '{';
        append_quoted(out, event.resource);
        out += ':';
        out += event.payload;
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"User-Agent", agent_});
        out.push_back({"Accept", "*/*"});
        out.push_back({"Content-Type", "application/json"});
        if (!source_.empty()) out.push_back({"X-WC-Webhook-Source", source_});
        out.push_back({"X-WC-Webhook-Topic", header_text(delivery.topic)});
        out.push_back({"X-WC-Webhook-Resource", header_text(delivery.resource)});
        out.push_back({"X-WC-Webhook-Event", header_text(delivery.action)});
        out.push_back({"X-WC-Webhook-Signature", base64(mac_.sign({body}))});
        out.push_back({"X-WC-Webhook-ID", webhook_id(delivery)});
        const std::string number = std::to_string(id_.empty() ? delivery.number : short_id(delivery.number));
        out.push_back({"X-WC-Webhook-Delivery-ID", hash_ ? hex(number_hash_.sign({number}).substr(0, 16)) : number});
    }

  private:
    std::string webhook_id(const DeliveryView& delivery) const {
        return id_.empty() ? std::to_string(delivery.subscription) : id_;
    }

    static std::string nothing_but_id(const EventView& event) {
        std::string out = "{\"id\":";
        if (event.resource_id.empty())
            out += "null";
        else if (all_digits(event.resource_id))
            out += event.resource_id;
        else
            append_quoted(out, event.resource_id);
        return out + '}';
    }

    // What the legacy REST API answered is wrapped already.
    bool is_wrapped(const EventView& event) {
        reader_.load(event.payload);
        const std::vector<JsonMember> members = reader_.members("");
        return members.size() == 1 && members.front().key == json_quote(event.resource);
    }

    Hmac mac_, number_hash_;
    std::string agent_, source_;
    bool hash_, legacy_;
    std::string id_;  // in its API's own form; empty: the subscription is the file's
    JsonReader reader_;
};

class WoocommerceFormat : public Format {
  public:
    std::string_view name() const override { return "woocommerce"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        static const std::vector<OptionRule> rules = {
            {.name = "version", .right = "a version like \"6.5.1\"", .fits = is_version},
            {.name = "wordpress", .right = "a version like \"6.1.9\"", .fits = is_version},
            {.name = "source", .right = "the shop's URL like \"https://shop.example/\"", .fits = is_source},
            {.name = "delivery_id", .kind = Kind::choice, .choices = {"integer", "hash"}},
            {.name = "payload", .kind = Kind::choice, .choices = {"event", "legacy"}},
        };
        return rules;
    }

    // WooCommerce waits a minute, and disables a webhook with its seventh failure in a row; it never tries again.
    FormatPolicy policy() const override {
        FormatPolicy out;
        out.timeout_ms = 60000;
        out.disable_after = 7;
        out.trace = false;
        return out;
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty())
            return Fault{Code::config, "format woocommerce needs a secret of at least 16 bytes"};
        return std::unique_ptr<Renderer>(std::make_unique<WoocommerceRenderer>(
            Hmac(Digest::sha256, recipient.secrets.front().reveal()), recipient.options, recipient.id));
    }

    Result<void> check_secret(const Secret& secret) const override {
        if (secret.reveal().size() >= 16) return {};
        return Fault{Code::config, "the secret has " + std::to_string(secret.reveal().size()) +
                                       " bytes; a WooCommerce secret should have at least 16"};
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t /*now_s*/) const override {
        const std::string* signature = find_field(headers, "X-WC-Webhook-Signature");
        if (signature == nullptr || signature->empty())
            return Fault{Code::refused, "header X-WC-Webhook-Signature is missing"};
        for (const Secret& secret : secrets)
            if (same_secret(*signature, base64(Hmac(Digest::sha256, secret.reveal()).sign({body})))) return {};
        return Fault{Code::refused, "X-WC-Webhook-Signature does not fit the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"accept",
                "content-type",
                "user-agent",
                "x-wc-webhook-source",
                "x-wc-webhook-topic",
                "x-wc-webhook-resource",
                "x-wc-webhook-event",
                "x-wc-webhook-signature",
                "x-wc-webhook-id",
                "x-wc-webhook-delivery-id"};
    }
};

}  // namespace

bool woocommerce_has_hashes(std::string_view version) {
    int parts[2] = {0, 0};
    const char* at = version.data();
    const char* end = at + version.size();
    for (int& part : parts) {
        at = std::from_chars(at, end, part).ptr;
        if (at < end) ++at;
    }
    return parts[0] > 3 || (parts[0] == 3 && parts[1] >= 3);
}

std::string woocommerce_agent(const FormatOptions& options) {
    return "WooCommerce/" + std::string(option(options, "version", seed_version)) + " Hookshot (WordPress/" +
           std::string(option(options, "wordpress", seed_wordpress)) + ")";
}

const Format& woocommerce_format() {
    static const WoocommerceFormat format;
    return format;
}

}  // namespace trot
