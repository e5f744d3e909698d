#include "dialect/cockpit.h"

#include <cstdint>

#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "dialect/unsigned_format.h"

namespace trot {
namespace {

void append_unit(std::string& out, uint32_t unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[(unit >> shift) & 15U];
}

// As PHP's json_encode writes text by default: "\/" and "\u00e9".
void append_php_quoted(std::string& out, std::string_view text) {
    std::string quoted;
    append_quoted(quoted, text);  // sound UTF-8 from here on
    for (size_t at = 0; at < quoted.size(); ++at) {
        const auto byte = static_cast<unsigned char>(quoted[at]);
        if (byte < 0x80) {
            if (byte == '/') out += '\\';
            out += quoted[at];
            continue;
        }
        const size_t more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        uint32_t point = byte & (0x3fU >> more);
        for (size_t i = 0; i < more; ++i) point = (point << 6U) | (static_cast<unsigned char>(quoted[++at]) & 0x3fU);
        if (point < 0x10000) {
            append_unit(out, point);
        } else {
            append_unit(out, 0xd800U + ((point - 0x10000U) >> 10U));
            append_unit(out, 0xdc00U + ((point - 0x10000U) & 0x3ffU));
        }
    }
}

bool is_array(const EventView& event) {
    const size_t first = event.payload.find_first_not_of(" \t\r\n");
    return event.payload_json && first != std::string_view::npos && event.payload[first] == '[';
}

class CockpitRenderer : public Renderer {
  public:
    CockpitRenderer(const Recipient& recipient, std::unique_ptr<StandardSigner> signer) : signer_(std::move(signer)) {
        middle_ = ",\"hook\":";
        append_php_quoted(middle_, recipient.name);
        middle_ += ",\"backend\":" + std::string(option(recipient.options, "backend", "1")) + ",\"args\":";
    }

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        std::string out = "{\"event\":";
        out.reserve(event.payload.size() + middle_.size() + 96);
        append_php_quoted(out, event.topic);
        out += middle_;
        const bool alone = !is_array(event);
        if (alone) out += '[';
        if (!event.payload.empty()) append_payload(out, event);
        if (alone) out += ']';
        append_opaque_mark(out, event);
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"User-Agent", ""});
        out.push_back({"Accept", "*/*"});
        out.push_back({"Content-Type", "application/json"});
        out.push_back({"Content-Length", std::to_string(body.size())});
        if (signer_) signer_->headers(delivery, body, out);
    }

  private:
    std::string middle_;
    std::unique_ptr<StandardSigner> signer_;
};

class CockpitFormat : public UnsignedFormat {
  public:
    std::string_view name() const override { return "cockpit"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = {
            {.name = "backend", .kind = OptionRule::Kind::choice, .choices = {"1", "0"}}};
        return rules;
    }

    bool shares_bodies(const FormatOptions& /*options*/) const override { return false; }  // the name is in it

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(std::make_unique<CockpitRenderer>(recipient, std::move(signer).value()));
    }

    std::vector<std::string_view> reserved() const override {
        std::vector<std::string_view> names = UnsignedFormat::reserved();
        names.insert(names.end(), {"accept", "user-agent", "content-length"});
        return names;
    }
};

}  // namespace

const Format& cockpit_format() {
    static const CockpitFormat format;
    return format;
}

}  // namespace trot
