#include "dialect/shopify.h"

#include <algorithm>

#include "base/clock.h"
#include "crypto/ids.h"
#include "dialect/guid.h"
#include "dialect/header_text.h"
#include "dialect/keyring.h"
#include "dialect/payload.h"
#include "dialect/style.h"

namespace trot {
namespace {

constexpr std::string_view shopify_signature = "X-Shopify-Hmac-Sha256";

class ShopifyRenderer : public Renderer {
  public:
    explicit ShopifyRenderer(const Recipient& recipient)
        : keys_(plain_keys(recipient.secrets)),
          domain_(option(recipient.options, "shop_domain", "trotline.myshopify.com")),
          version_(option(recipient.options, "api_version", "2025-07")),
          sub_topic_(option(recipient.options, "sub_topic", "")),
          name_(header_text(recipient.name)) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override { return bare_payload(event); }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"User-Agent", "Shopify-Captain-Hook"});
        out.push_back({"Accept", "*/*"});
        out.push_back({"Content-Type", "application/json"});
        out.push_back({"X-Shopify-Topic", header_text(shopify_topic(delivery.resource, delivery.action))});
        out.push_back({std::string(shopify_signature), base64(keys_.newest(delivery.at_s).sign({body}))});
        out.push_back({"X-Shopify-Shop-Domain", domain_});
        out.push_back({"X-Shopify-API-Version", version_});
        out.push_back({"X-Shopify-Webhook-Id", guid_of("delivery", delivery.id)});
        const std::string event =
            delivery.event != 0 ? spell_id(event_prefix, delivery.event) : header_text(delivery.id);
        out.push_back({"X-Shopify-Event-Id", guid_of("event", event)});
        out.push_back(
            {"X-Shopify-Triggered-At", rfc3339(delivery.event_ms != 0 ? delivery.event_ms : delivery.at_s * 1000)});
        if (!name_.empty()) out.push_back({"X-Shopify-Name", name_});
        if (!sub_topic_.empty()) out.push_back({"X-Shopify-Sub-Topic", sub_topic_});
    }

  private:
    Keyring<Hmac> keys_;
    std::string domain_, version_, sub_topic_, name_;
};

class ShopifyFormat : public Format {
  public:
    std::string_view name() const override { return "shopify"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = {
            {.name = "shop_domain", .right = "a host like \"north.myshopify.com\"", .fits = is_header_word},
            {.name = "api_version", .right = "a version like \"2025-07\"", .fits = is_header_word},
            {.name = "sub_topic", .right = "a word like \"type:order\"", .fits = is_header_word},
        };
        return rules;
    }

    FormatPolicy policy() const override {
        constexpr int64_t minute = 60000;
        FormatPolicy out;
        out.trace = false;
        out.schedule_ms = {minute,      5 * minute,  10 * minute, 20 * minute,
                           30 * minute, 45 * minute, 60 * minute, 69 * minute};
        out.timeout_ms = 5000;
        return out;
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty()) return Fault{Code::config, "format shopify needs a secret of at least 16 bytes"};
        return std::unique_ptr<Renderer>(std::make_unique<ShopifyRenderer>(recipient));
    }

    Result<void> check_secret(const Secret& secret) const override {
        return check_plain_secret(secret, "a Shopify secret");
    }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        const std::string* signature = find_field(headers, shopify_signature);
        if (signature == nullptr || signature->empty())
            return Fault{Code::refused, "header X-Shopify-Hmac-Sha256 is missing"};
        if (plain_proof(secrets, now_s, Digest::sha256, {body}, *signature, base64)) return {};
        return Fault{Code::refused, "X-Shopify-Hmac-Sha256 does not fit the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"accept",
                "content-type",
                "user-agent",
                "x-shopify-topic",
                "x-shopify-hmac-sha256",
                "x-shopify-shop-domain",
                "x-shopify-api-version",
                "x-shopify-webhook-id",
                "x-shopify-event-id",
                "x-shopify-triggered-at",
                "x-shopify-name",
                "x-shopify-sub-topic"};
    }
};

}  // namespace

std::string shopify_topic(std::string_view resource, std::string_view action) {
    std::string out(resource);
    const auto ends = [&out](std::string_view end) {
        return out.size() > end.size() && out.compare(out.size() - end.size(), end.size(), end) == 0;
    };
    const bool vowel = ends("ay") || ends("ey") || ends("oy") || ends("uy");
    if (ends("y") && !vowel)
        out.replace(out.size() - 1, 1, "ies");
    else if (!out.empty() && !ends("s"))
        out += 's';
    std::string verb(action);
    std::replace(verb.begin(), verb.end(), '.', '_');
    if (verb == "created") verb = "create";
    if (verb == "deleted") verb = "delete";
    if (verb == "updated" && resource != "order") verb = "update";
    return verb.empty() ? out : out + '/' + verb;
}

const Format& shopify_format() {
    static const ShopifyFormat format;
    return format;
}

}  // namespace trot
