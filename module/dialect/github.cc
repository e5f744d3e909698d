#include "dialect/github.h"

#include "dialect/changed.h"
#include "dialect/guid.h"
#include "dialect/header_text.h"
#include "dialect/keyring.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"

namespace trot {
namespace {

constexpr std::string_view signature_256 = "X-Hub-Signature-256";
constexpr std::string_view legacy_signature = "X-Hub-Signature";

class GithubRenderer : public Renderer {
  public:
    explicit GithubRenderer(const Recipient& recipient)
        : keys_(plain_keys(recipient.secrets)),
          legacy_keys_(plain_keys(recipient.secrets, Digest::sha1)),
          whole_(option(recipient.options, "body", "event") == "event"),
          hook_(recipient.id.empty() ? std::to_string(recipient.number) : header_text(recipient.id)) {}

    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        if (!whole_) return bare_payload(event);
        std::string out = "{";
        out.reserve(event.payload.size() + 128);
        if (!event.action.empty()) {
            out += "\"action\":";
            append_quoted(out, event.action);
            out += ',';
        }
        const bool taken = event.resource.empty() || event.resource == "action" || event.resource == "changes";
        append_quoted(out, taken ? "data" : event.resource);
        out += ':';
        append_payload(out, event);
        append_opaque_mark(out, event);
        append_changes(out, event);
        return out + '}';
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"User-Agent", "GitHub-Hookshot/trotline"});
        out.push_back({"Accept", "*/*"});
        out.push_back({"Content-Type", "application/json"});
        out.push_back({"X-GitHub-Delivery", guid_of("delivery", delivery.id)});
        out.push_back({"X-GitHub-Event", header_text(delivery.resource)});
        out.push_back({"X-GitHub-Hook-ID", hook_});
        if (keys_.empty()) return;
        out.push_back({std::string(legacy_signature), "sha1=" + hex(legacy_keys_.newest(delivery.at_s).sign({body}))});
        out.push_back({std::string(signature_256), "sha256=" + hex(keys_.newest(delivery.at_s).sign({body}))});
    }

  private:
    void append_changes(std::string& out, const EventView& event) {
        if (!Changes::known(event)) return;
        out += ",\"changes\":{";
        std::string_view between;
        for (const Changes::One& one : changes_.of(event)) {
            ((out += between) += one.key) += one.is_new ? ":{" : ":{\"from\":";
            if (!one.is_new) out += one.was;
            out += '}';
            between = ",";
        }
        out += '}';
    }

    Keyring<Hmac> keys_, legacy_keys_;
    bool whole_;
    std::string hook_;
    Changes changes_;
};

class GithubFormat : public Format {
  public:
    std::string_view name() const override { return "github"; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules = {
            {.name = "body", .kind = OptionRule::Kind::choice, .choices = {"event", "payload"}}};
        return rules;
    }

    FormatPolicy policy() const override {
        FormatPolicy out;
        out.trace = false;
        out.timeout_ms = 10000;
        return out;
    }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        return std::unique_ptr<Renderer>(std::make_unique<GithubRenderer>(recipient));
    }

    Result<void> check_secret(const Secret& secret) const override {
        return secret.empty() ? Result<void>() : check_plain_secret(secret, "a GitHub secret");
    }

    // The legacy header alone is not enough, as GitHub advises.
    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        constexpr std::string_view mark = "sha256=";
        const std::string* signature = find_field(headers, signature_256);
        if (signature == nullptr || signature->empty())
            return Fault{Code::refused, "header X-Hub-Signature-256 is missing"};
        const std::string_view given = *signature;
        if (given.substr(0, mark.size()) == mark &&
            plain_proof(secrets, now_s, Digest::sha256, {body}, given.substr(mark.size()), hex))
            return {};
        return Fault{Code::refused, "X-Hub-Signature-256 does not fit the body"};
    }

    std::vector<std::string_view> reserved() const override {
        return {"accept",         "content-type",     "user-agent",      "x-github-delivery",
                "x-github-event", "x-github-hook-id", "x-hub-signature", "x-hub-signature-256"};
    }
};

}  // namespace

const Format& github_format() {
    static const GithubFormat format;
    return format;
}

}  // namespace trot
