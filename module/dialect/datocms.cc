#include "dialect/datocms.h"

#include <algorithm>
#include <optional>

#include "dialect/datocms_body.h"
#include "dialect/header_text.h"
#include "dialect/mustache.h"
#include "dialect/style.h"
#include "dialect/unsigned_format.h"
#include "dialect/url_template.h"
#include "url/tags.h"

namespace trot {
namespace {

bool is_template(std::string_view text) { return Mustache::read(text).ok(); }

bool is_media_type(std::string_view text) {
    return text.find('/') != std::string_view::npos && text.front() != '/' && header_text(text) == text;
}

bool is_name(std::string_view text) { return !text.empty(); }

Result<void> check_tags(std::string_view url) {
    const Result<UrlTemplate> read = UrlTemplate::read(url);
    return read ? Result<void>() : Result<void>(read.fault());
}

class DatocmsRenderer : public Renderer {
  public:
    DatocmsRenderer(const Recipient& recipient, std::unique_ptr<StandardSigner> signer)
        : body_(recipient),
          type_(option(recipient.options, "content_type", "application/json")),
          authorization_(recipient.authorization),
          signer_(std::move(signer)) {
        if (const std::vector<std::string>* custom = option_values(recipient.options, "custom_payload"))
            if (Result<Mustache> read = Mustache::read(custom->front())) template_ = std::move(read).value();
        if (!has_tags(recipient.url)) return;
        if (Result<UrlTemplate> read = UrlTemplate::read(recipient.url)) url_ = std::move(read).value();
    }

    std::string body(const EventView& event, const DeliveryView& delivery) override {
        std::string out = body_.make(event, delivery);
        return template_ ? template_->render(out) : out;
    }

    Result<std::string> url(const EventView& event, const DeliveryView& delivery) override {
        if (!url_) return std::string();
        return url_->render(body_.make(event, delivery));
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"Accept", "*/*"});
        out.push_back({"User-Agent", "DatoCMS (datocms.com)"});
        if (!authorization_.empty()) out.push_back({"Authorization", std::string(authorization_.reveal())});
        out.push_back({"Content-Type", type_});
        if (signer_) signer_->headers(delivery, body, out);
    }

  private:
    DatocmsBody body_;
    std::string type_;
    std::optional<Mustache> template_;
    std::optional<UrlTemplate> url_;
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
        out.check_tags = check_tags;
        out.trace = false;
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
