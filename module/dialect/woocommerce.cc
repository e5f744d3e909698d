#include "dialect/woocommerce.h"

#include "dialect/header_text.h"

namespace trot {
namespace {

// Receivers look at its shape only; versions that belong to the seed's integer delivery ids.
constexpr std::string_view user_agent = "WooCommerce/2.3.0 Hookshot (WordPress/4.1)";

class WoocommerceSigner : public Signer {
  public:
    explicit WoocommerceSigner(Hmac mac) : mac_(std::move(mac)) {}

    void headers(const DeliveryView& delivery, int64_t /*attempt_s*/, std::string_view body, Fields& out) override {
        out.push_back({"Content-Type", "application/json"});
        out.push_back({"User-Agent", std::string(user_agent)});
        out.push_back({"X-WC-Webhook-Topic", header_text(delivery.topic)});
        out.push_back({"X-WC-Webhook-Resource", header_text(delivery.resource)});
        out.push_back({"X-WC-Webhook-Event", header_text(delivery.action)});
        out.push_back({"X-WC-Webhook-Signature", base64(mac_.sign({body}))});
        out.push_back({"X-WC-Webhook-ID", std::to_string(delivery.subscription)});
        out.push_back({"X-WC-Webhook-Delivery-ID", std::to_string(delivery.number)});
    }

  private:
    Hmac mac_;
};

class WoocommerceFormat : public Format {
  public:
    std::string_view name() const override { return "woocommerce"; }
    std::string_view content_type() const override { return "application/json"; }
    std::string body(const EventView& event) const override { return std::string(event.payload); }

    Result<std::unique_ptr<Signer>> signer(const std::vector<Secret>& secrets) const override {
        if (secrets.empty()) return Fault{Code::config, "format woocommerce needs a secret of at least 16 bytes"};
        return std::unique_ptr<Signer>(
            std::make_unique<WoocommerceSigner>(Hmac(Digest::sha256, secrets.front().reveal())));
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
        return {"content-type",       "user-agent",
                "x-wc-webhook-topic", "x-wc-webhook-resource",
                "x-wc-webhook-event", "x-wc-webhook-signature",
                "x-wc-webhook-id",    "x-wc-webhook-delivery-id"};
    }
};

}  // namespace

const Format& woocommerce_format() {
    static const WoocommerceFormat format;
    return format;
}

}  // namespace trot
