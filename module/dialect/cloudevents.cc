#include "dialect/cloudevents.h"

#include "base/clock.h"
#include "crypto/ids.h"
#include "dialect/header_text.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "dialect/unsigned_format.h"

namespace trot {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view bytes_type = "application/octet-stream";

// A URI reference: what a URL may hold, and nothing that would have to be escaped in JSON or a header.
bool is_event_source(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
            std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos)
            return false;
    return !text.empty();
}

class CloudeventsRenderer : public Renderer {
  public:
    CloudeventsRenderer(const FormatOptions& options, std::unique_ptr<StandardSigner> signer)
        : binary_(option(options, "mode", "structured") == "binary"),
          source_(option(options, "source", "/trotline")),
          signer_(std::move(signer)) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        if (binary_) return std::string(event.payload);
        std::string out = "{\"specversion\":\"1.0\",\"id\":";
        out.reserve(event.payload.size() + 320);
        append_quoted(out, event.id);
        out += ",\"source\":";
        append_quoted(out, source_);
        out += ",\"type\":";
        append_quoted(out, event.topic);
        if (!event.resource.empty()) {
            out += ",\"subject\":";
            append_quoted(out, subject_of(event.resource, event.resource_id));
        }
        out += ",\"time\":\"" + rfc3339(event.at_ms) + "\"";
        if ((event.flags & cut_flags) != 0) out += ",\"truncated\":true";
        if (is_opaque(event)) {
            (out += ",\"datacontenttype\":\"") += bytes_type;
            out += "\",\"data_base64\":";
            append_payload(out, event);
        } else if (!event.payload.empty()) {
            (out += ",\"datacontenttype\":\"") += json_type;
            out += "\",\"data\":";
            append_payload(out, event);
        }
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        if (delivery.members > 0)
            out.push_back({"content-type", "application/cloudevents-batch+json; charset=utf-8"});
        else if (!binary_)
            out.push_back({"content-type", "application/cloudevents+json; charset=utf-8"});
        else
            add_attributes(delivery, body, out);
        if (signer_) signer_->headers(delivery, body, out);
    }

  private:
    void add_attributes(const DeliveryView& delivery, std::string_view body, Fields& out) const {
        const bool opaque = (delivery.flags & opaque_flag) != 0;
        if (!body.empty()) out.push_back({"content-type", std::string(opaque ? bytes_type : json_type)});
        const std::string id = delivery.event != 0 ? spell_id(event_prefix, delivery.event) : std::string(delivery.id);
        out.push_back({"ce-specversion", "1.0"});
        out.push_back({"ce-id", cloudevents_header(id)});
        out.push_back({"ce-source", cloudevents_header(source_)});
        out.push_back({"ce-type", cloudevents_header(delivery.topic)});
        if (!delivery.resource.empty())
            out.push_back({"ce-subject", cloudevents_header(subject_of(delivery.resource, delivery.resource_id))});
        out.push_back({"ce-time", rfc3339(delivery.event_ms != 0 ? delivery.event_ms : delivery.at_s * 1000)});
        if ((delivery.flags & cut_flags) != 0) out.push_back({"ce-truncated", "true"});
    }

    bool binary_;
    std::string source_;
    std::unique_ptr<StandardSigner> signer_;
};

class CloudeventsFormat : public UnsignedFormat {
  public:
    std::string_view name() const override { return "cloudevents"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = {
            {.name = "mode", .kind = OptionRule::Kind::choice, .choices = {"structured", "binary"}},
            {.name = "source", .right = "a URI or path like \"https://shop.example/\"", .fits = is_event_source},
        };
        return rules;
    }

    bool batches(const FormatOptions& options) const override {
        return option(options, "mode", "structured") == "structured";
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(
            std::make_unique<CloudeventsRenderer>(recipient.options, std::move(signer).value()));
    }

    std::vector<std::string_view> reserved() const override {
        std::vector<std::string_view> names = UnsignedFormat::reserved();
        names.insert(names.end(),
                     {"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-truncated"});
        return names;
    }
};

}  // namespace

std::string cloudevents_header(std::string_view value) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : sound_utf8(value)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
            out += c;
            continue;
        }
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

const Format& cloudevents_format() {
    static const CloudeventsFormat format;
    return format;
}

}  // namespace trot
