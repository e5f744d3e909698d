#include "dialect/cosmic.h"

#include <algorithm>

#include "dialect/header_text.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"
#include "dialect/unsigned_format.h"
#include "json/pointer.h"

namespace trot {
namespace {

bool is_prop(std::string_view text) { return !text.empty(); }

std::string_view verb(const EventView& event) { return event.action.substr(0, event.action.find('.')); }

class CosmicRenderer : public Renderer {
  public:
    CosmicRenderer(const FormatOptions& options, std::unique_ptr<StandardSigner> signer)
        : first_(option(options, "version", "1") == "1"),
          data_(option(options, "data", "true") == "true"),
          signer_(std::move(signer)) {
        if (const std::vector<std::string>* props = option_values(options, "props"))
            for (const std::string& prop : *props) props_.push_back(prop);
        cuts_ = option_values(options, "props") != nullptr;
    }

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        std::string out = first_ ? "{\"type\":" : "{\"resource\":";
        out.reserve(event.payload.size() + 160);
        append_quoted(out, first_ ? event.topic : event.resource == "object" ? "objects" : event.resource);
        if (!first_) {
            out += ",\"event\":";
            append_quoted(out, verb(event));
        }
        out += first_ ? ",\"created_at\":" : ",\"triggered_at\":";
        out += std::to_string(event.at_ms);
        if (data_) {
            out += ",\"data\":";
            if (!append_props(out, event)) append_payload(out, event);
            append_opaque_mark(out, event);
        }
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"x-cosmicjs-event", header_text(delivery.topic)});
        out.push_back({"accept", "application/json"});
        out.push_back({"content-type", "application/json"});
        if (signer_) signer_->headers(delivery, body, out);
    }

  private:
    bool append_props(std::string& out, const EventView& event) {
        if (!cuts_ || verb(event) == "deleted" || is_opaque(event)) return false;
        reader_.load(event.payload);
        if (reader_.find("").kind != JsonKind::object) return false;
        out += '{';
        std::string_view between;
        for (const JsonMember& member : reader_.members("")) {
            const std::string name = json_text({JsonKind::string, member.key});
            if (std::find(props_.begin(), props_.end(), name) == props_.end()) continue;
            out += between;
            (out += member.key) += ':';
            out += member.value.raw;
            between = ",";
        }
        out += '}';
        return true;
    }

    bool first_, data_;
    bool cuts_ = false;
    std::vector<std::string> props_;
    std::unique_ptr<StandardSigner> signer_;
    JsonReader reader_;
};

class CosmicFormat : public UnsignedFormat {
  public:
    std::string_view name() const override { return "cosmic"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        static const std::vector<OptionRule> rules = {
            {.name = "version", .kind = Kind::choice, .choices = {"1", "2", "3"}},
            {.name = "props",
             .kind = Kind::texts,
             .right = "a list of at most 32 names of members like [\"slug\", \"title\"]",
             .fits = is_prop,
             .most = 32},
            {.name = "data", .kind = Kind::flag},
        };
        return rules;
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(
            std::make_unique<CosmicRenderer>(recipient.options, std::move(signer).value()));
    }

    std::vector<std::string_view> reserved() const override {
        std::vector<std::string_view> names = UnsignedFormat::reserved();
        names.insert(names.end(), {"x-cosmicjs-event", "accept"});
        return names;
    }
};

}  // namespace

const Format& cosmic_format() {
    static const CosmicFormat format;
    return format;
}

}  // namespace trot
