#include "dialect/datocms.h"

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "dialect/header_text.h"
#include "dialect/mustache.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "dialect/unsigned_format.h"

namespace trot {
namespace {

bool is_template(std::string_view text) { return Mustache::read(text).ok(); }

bool is_media_type(std::string_view text) {
    return text.find('/') != std::string_view::npos && text.front() != '/' && header_text(text) == text;
}

bool is_name(std::string_view text) { return !text.empty(); }

class DatocmsRenderer : public Renderer {
  public:
    DatocmsRenderer(const Recipient& recipient, std::unique_ptr<StandardSigner> signer)
        : version_(option(recipient.options, "version", "3").front()),
          site_(option(recipient.options, "site_id", "1")),
          environment_(option(recipient.options, "environment", "main")),
          primary_(option(recipient.options, "primary", "true")),
          type_(option(recipient.options, "content_type", "application/json")),
          webhook_(std::to_string(recipient.number)),
          authorization_(recipient.authorization),
          signer_(std::move(signer)) {
        if (const std::vector<std::string>* custom = option_values(recipient.options, "custom_payload"))
            if (Result<Mustache> read = Mustache::read(custom->front())) template_ = std::move(read).value();
    }

    std::string body(const EventView& event, const DeliveryView& delivery) override {
        std::string out = "{";
        out.reserve(event.payload.size() + event.previous.size() + 384);
        if (version_ == '3') append_call(out, event, delivery);
        if (version_ != '1') {
            out += "\"environment\":";
            append_quoted(out, environment_);
            out += ',';
        }
        if (version_ == '3') out += "\"is_environment_primary\":" + primary_ + ",";
        out += "\"entity_type\":";
        append_quoted(out, event.resource);
        out += ",\"event_type\":";
        append_quoted(out, event.action);
        out += ",\"entity\":";
        append_payload(out, event);
        append_opaque_mark(out, event);
        if (version_ != '1') {
            const bool updated = event.resource == "item" && event.action == "update";
            if (!event.previous.empty())
                (out += ",\"previous_entity\":") += event.previous;
            else if (updated)
                out += ",\"previous_entity\":null";
            out += ",\"related_entities\":[]";
        }
        out += '}';
        return template_ ? template_->render(out) : out;
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"Accept", "*/*"});
        out.push_back({"User-Agent", "DatoCMS (datocms.com)"});
        if (!authorization_.empty()) out.push_back({"Authorization", std::string(authorization_.reveal())});
        out.push_back({"Content-Type", type_});
        if (signer_) signer_->headers(delivery, body, out);
    }

  private:
    void append_call(std::string& out, const EventView& event, const DeliveryView& delivery) const {
        out += "\"webhook_call_id\":\"" + std::to_string(delivery.number);
        out += "\",\"event_triggered_at\":\"" + rfc3339(event.at_ms).substr(0, 19) + "Z\"";
        out += ",\"attempted_auto_retries_count\":" + std::to_string(delivery.attempt - 1);
        out += ",\"webhook_id\":\"" + webhook_ + "\",\"site_id\":";
        append_quoted(out, site_);
        out += ',';
    }

    char version_;
    std::string site_, environment_, primary_, type_, webhook_;
    std::optional<Mustache> template_;
    Secret authorization_;
    std::unique_ptr<StandardSigner> signer_;
};

class DatocmsFormat : public UnsignedFormat {
  public:
    std::string_view name() const override { return "datocms"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        static const std::vector<OptionRule> rules = {
            {.name = "version", .kind = Kind::choice, .choices = {"1", "2", "3"}},
            {.name = "site_id", .right = "a string like \"205\"", .fits = is_name},
            {.name = "environment", .right = "a name like \"main\"", .fits = is_name},
            {.name = "primary", .kind = Kind::flag},
            {.name = "custom_payload",
             .right = "a Mustache template of at most 16 KiB like \"{ \\\"id\\\": \\\"{{entity.id}}\\\" }\", each "
                      "section closed, no partials",
             .fits = is_template,
             .most = 16384,
             .live = true},
            {.name = "content_type", .right = "a media type like \"text/plain\"", .fits = is_media_type, .live = true},
        };
        return rules;
    }

    FormatPolicy policy() const override {
        constexpr int64_t minute = 60000;
        constexpr int64_t hour = 60 * minute;
        FormatPolicy out;
        out.schedule_ms = {2 * minute, 6 * minute, 30 * minute, hour, 5 * hour, 24 * hour, 48 * hour};
        out.timeout_ms = 8000;
        out.connect_timeout_ms = 2000;
        return out;
    }

    bool shares_bodies(const FormatOptions& /*options*/) const override { return false; }  // ids, tries, templates

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(std::make_unique<DatocmsRenderer>(recipient, std::move(signer).value()));
    }

    std::vector<std::string_view> reserved() const override {
        std::vector<std::string_view> names = UnsignedFormat::reserved();
        names.insert(names.end(), {"accept", "user-agent"});
        return names;
    }
};

}  // namespace

const Format& datocms_format() {
    static const DatocmsFormat format;
    return format;
}

}  // namespace trot
