#include "dialect/woocommerce_ping.h"

#include "dialect/woocommerce.h"

namespace trot {
namespace {

class PingRenderer : public Renderer {
  public:
    explicit PingRenderer(const Recipient& recipient)
        : agent_(woocommerce_agent(recipient.options)), id_(recipient.id) {}

    std::string body(const EventView& /*event*/, const DeliveryView& delivery) override {
        return "webhook_id=" + (id_.empty() ? std::to_string(delivery.subscription) : id_);
    }

    void headers(const DeliveryView& /*delivery*/, std::string_view /*body*/, Fields& out) override {
        out.push_back({"User-Agent", agent_});
        out.push_back({"Accept", "*/*"});
        out.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    }

  private:
    std::string agent_, id_;
};

class PingFormat : public Format {
  public:
    std::string_view name() const override { return woocommerce_ping_name; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = [] {
            std::vector<OptionRule> all = woocommerce_format().options();
            all.push_back({.name = "message", .kind = OptionRule::Kind::choice, .choices = {"ping"}});
            return all;
        }();
        return rules;
    }

    FormatPolicy policy() const override { return woocommerce_format().policy(); }
    // It names the webhook.
    bool shares_bodies(const FormatOptions& /*options*/) const override { return false; }
    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        return std::unique_ptr<Renderer>(std::make_unique<PingRenderer>(recipient));
    }
    Result<void> check_secret(const Secret& /*secret*/) const override { return {}; }
    Result<void> verify(const Fields& /*headers*/, std::string_view /*body*/, const std::vector<Secret>& /*secrets*/,
                        int64_t /*now_s*/) const override {
        return Fault{Code::refused, "a ping is not signed"};
    }
    std::vector<std::string_view> reserved() const override { return woocommerce_format().reserved(); }
};

}  // namespace

const Format& woocommerce_ping_format() {
    static const PingFormat format;
    return format;
}

}  // namespace trot
