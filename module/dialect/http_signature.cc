#include "dialect/http_signature.h"

#include <algorithm>
#include <array>

#include "crypto/ids.h"
#include "dialect/header_text.h"
#include "dialect/signature_base.h"
#include "dialect/signature_input.h"
#include "dialect/standard_body.h"
#include "dialect/style.h"
#include "dialect/tolerance.h"
#include "dialect/webhook_key.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 11> known_components{
    "@method", "@target-uri",  "@authority",     "@scheme",        "@request-target", "@path",
    "@query",  "content-type", "content-digest", "content-length", "webhook-id"};
constexpr std::array<std::string_view, 5> usual_components{"@method", "@target-uri", "content-type", "content-digest",
                                                           "webhook-id"};
constexpr std::string_view digest_component = "content-digest";

bool is_component(std::string_view text) {
    return std::find(known_components.begin(), known_components.end(), text) != known_components.end();
}

bool is_keyid(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_hand_url(std::string_view text) {
    return text.find("://") != std::string_view::npos && header_text(text) == text;
}

std::vector<std::string> components_of(const FormatOptions& options) {
    std::vector<std::string> out;
    const auto add = [&out](std::string_view name) {  // a component may be there once
        if (std::find(out.begin(), out.end(), name) == out.end()) out.emplace_back(name);
    };
    if (const std::vector<std::string>* chosen = option_values(options, "components"))
        std::for_each(chosen->begin(), chosen->end(), add);
    else
        std::for_each(usual_components.begin(), usual_components.end(), add);
    add(digest_component);
    return out;
}

std::string_view algorithm(const WebhookKey& key) { return key.asymmetric() ? "ed25519" : "hmac-sha256"; }

struct NamedKey {
    WebhookKey key;
    std::string id;
};

// The key's own name where the options give it none.
std::string key_name(const WebhookKey& key, const Recipient& recipient, size_t nth) {
    const std::vector<std::string>* given = option_values(recipient.options, "keyid");
    if (given != nullptr && nth < given->size()) return (*given)[nth];
    if (key.asymmetric()) return key_thumbprint(key.public_key());
    return spell_id(subscription_prefix, recipient.number);
}

class HttpSignatureRenderer : public Renderer {
  public:
    HttpSignatureRenderer(const Recipient& recipient, Keyring<NamedKey> keys)
        : body_(recipient.options),
          keys_(std::move(keys)),
          components_(components_of(recipient.options)),
          target_(canonical_target(option(recipient.options, "url", recipient.url))) {
        for (const std::string& name : components_) list_ += (list_.empty() ? "" : " ") + structured_string(name);
    }

    std::string body(const EventView& event, const DeliveryView& delivery) override {
        return body_.make(event, delivery);
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        Fields sent{{"Content-Type", "application/json"},
                    {"webhook-id", header_text(delivery.id)},
                    {"Content-Digest", content_digest(body)}};
        Fields seen = sent;
        seen.push_back({"Content-Length", std::to_string(body.size())});  // the sender's to set
        const SignedMessage message{"POST", target_, seen};
        std::string inputs;
        std::string signatures;
        int nth = 0;
        for (NamedKey* key : keys_.holding(delivery.at_s)) {
            const std::string label = (nth == 0 ? "sig" : ", sig") + std::to_string(nth + 1) + "=";
            const std::string params = "(" + list_ + ");created=" + std::to_string(delivery.at_s) +
                                       ";keyid=" + structured_string(key->id) + ";alg=\"" +
                                       std::string(algorithm(key->key)) + "\";tag=\"webhook\"";
            // Every component that the options may name is there.
            const Result<std::string> base = signature_base(message, components_, params);
            if (!base) continue;
            inputs += label + params;
            signatures += label + ":" + base64(key->key.sign({base.value()})) + ":";
            ++nth;
        }
        out.insert(out.end(), sent.begin(), sent.end());
        out.push_back({"Signature-Input", std::move(inputs)});
        out.push_back({"Signature", std::move(signatures)});
    }

  private:
    StandardBody body_;
    Keyring<NamedKey> keys_;
    std::vector<std::string> components_;
    std::string target_, list_;
};

std::string header_joined(const Fields& fields, std::string_view name) {
    const Result<std::string> value = component_of({"POST", {}, fields}, name);
    return value ? value.value() : std::string();
}

// One signature against one key. The body is proven by its digest, so that must be covered.
Result<void> check_one(const SignedMessage& message, const SignatureInput& input, std::string_view signature,
                       std::vector<WebhookKey>& keys, int64_t now_s) {
    const auto& covered = input.components;
    if (std::find(covered.begin(), covered.end(), digest_component) == covered.end())
        return Fault{Code::refused, "the signature does not cover content-digest, so nothing proves the body"};
    if (!input.created) return Fault{Code::refused, "the signature has no created"};
    if (Result<void> young = check_age("created of Signature-Input", std::to_string(*input.created), now_s); !young)
        return young;
    if (input.expires && *input.expires < now_s) return Fault{Code::refused, "the signature has expired"};
    const Result<std::string> base = signature_base(message, covered, input.params);
    if (!base) return base.fault();
    for (WebhookKey& key : keys)
        if ((input.alg.empty() || input.alg == algorithm(key)) && key.proves({base.value()}, signature)) return {};
    return Fault{Code::refused, "no signature in Signature fits the request"};
}

class HttpSignatureFormat : public Format {
  public:
    std::string_view name() const override { return "http-signature"; }

    const std::vector<OptionRule>& options() const override {
        using Kind = OptionRule::Kind;
        using Writer = OptionRule::Writer;
        static const std::vector<OptionRule> rules = {
            standard_with(),
            standard_sequence(),
            {.name = "components",
             .kind = Kind::texts,
             .right = "a list of \"@method\", \"@target-uri\", \"@authority\", \"@scheme\", \"@request-target\", "
                      "\"@path\", \"@query\", \"content-type\", \"content-digest\", \"content-length\" and "
                      "\"webhook-id\"",
             .fits = is_component,
             .most = 32},
            {.name = "keyid",
             .kind = Kind::texts,
             .right = "a list of the keys' names, in the order of the secrets, like [\"ep_1042\"]",
             .fits = is_keyid,
             .most = 200,
             .live = true},
            // Of a signature made by hand, which has no subscription.
            {.name = "url", .fits = is_hand_url, .most = 4096, .writer = Writer::nobody},
        };
        return rules;
    }

    bool shares_bodies(const FormatOptions& options) const override { return standard_shares_bodies(options); }
    bool batches(const FormatOptions& /*options*/) const override { return true; }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty()) return Fault{Code::config, "format http-signature needs a secret"};
        if (recipient.url.empty() && option_values(recipient.options, "url") == nullptr)
            return Fault{Code::usage, "format http-signature signs the URL, and none is given: --url tells it"};
        Keyring<NamedKey> keys;
        for (size_t nth = 0; nth < recipient.secrets.size(); ++nth) {
            Result<WebhookKey> key = WebhookKey::read(recipient.secrets[nth]);
            if (!key) return key.fault();
            std::string id = key_name(key.value(), recipient, nth);
            keys.add({std::move(key).value(), std::move(id)}, recipient.secrets[nth].until_s());
        }
        return std::unique_ptr<Renderer>(std::make_unique<HttpSignatureRenderer>(recipient, std::move(keys)));
    }

    Result<void> check_secret(const Secret& secret) const override { return check_webhook_secret(secret); }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        for (const char* name : {"Content-Digest", "Signature-Input", "Signature"})
            if (header_joined(headers, name).empty())
                return Fault{Code::refused, std::string("header ") + name + " is missing"};
        if (Result<void> fits = check_digest(header_joined(headers, "Content-Digest"), body); !fits) return fits;
        const Result<std::vector<SignatureInput>> inputs =
            read_signature_input(header_joined(headers, "Signature-Input"));
        if (!inputs) return Fault{Code::refused, "Signature-Input " + inputs.fault().text};
        const Result<std::vector<ByteMember>> signatures = read_byte_members(header_joined(headers, "Signature"));
        if (!signatures) return Fault{Code::refused, "Signature " + signatures.fault().text};
        Result<std::vector<WebhookKey>> keys = proof_keys(secrets, name(), now_s);
        if (!keys) return keys.fault();
        const std::string* method = find_field(headers, "@method");
        const std::string* url = find_field(headers, "@target-uri");
        const std::string target = url != nullptr ? canonical_target(*url) : std::string();
        const SignedMessage message{method != nullptr ? std::string_view(*method) : "POST", target, headers};
        Result<void> verdict = Fault{Code::refused, "Signature-Input and Signature have no label in common"};
        for (const SignatureInput& input : inputs.value()) {
            for (const ByteMember& signature : signatures.value()) {
                if (signature.label != input.label) continue;
                verdict = check_one(message, input, signature.bytes, keys.value(), now_s);
                if (verdict) return {};
            }
        }
        return verdict;
    }

    std::vector<std::string_view> reserved() const override {
        return {"content-type", "content-digest", "webhook-id", "signature", "signature-input"};
    }
};

}  // namespace

const Format& http_signature_format() {
    static const HttpSignatureFormat format;
    return format;
}

}  // namespace trot
