#include "dialect/standard.h"

#include <algorithm>

#include "dialect/header_text.h"
#include "dialect/standard_body.h"
#include "dialect/tolerance.h"

namespace trot {
namespace {

class StandardRenderer : public Renderer {
  public:
    StandardRenderer(const FormatOptions& options, std::unique_ptr<StandardSigner> signer)
        : body_(options), signer_(std::move(signer)) {}

    std::string body(const EventView& event, const DeliveryView& delivery) override {
        return body_.make(event, delivery);
    }

    void headers(const DeliveryView& delivery, std::string_view body, Fields& out) override {
        out.push_back({"content-type", "application/json"});
        signer_->headers(delivery, body, out);
    }

  private:
    StandardBody body_;
    std::unique_ptr<StandardSigner> signer_;
};

class StandardFormat : public Format {
  public:
    StandardFormat(std::string_view name, std::string_view prefix)
        : name_(name),
          prefix_(prefix),
          id_(prefix_ + "-id"),
          time_(prefix_ + "-timestamp"),
          signature_(prefix_ + "-signature") {}

    std::string_view name() const override { return name_; }

    const std::vector<OptionRule>& options() const override {
        static const std::vector<OptionRule> rules{standard_with(), standard_sequence()};
        return rules;
    }

    bool shares_bodies(const FormatOptions& options) const override { return standard_shares_bodies(options); }
    bool batches(const FormatOptions& /*options*/) const override { return true; }

    Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const override {
        if (recipient.secrets.empty()) return Fault{Code::config, "format " + name_ + " needs a secret"};
        Result<std::unique_ptr<StandardSigner>> signer = standard_signer(recipient.secrets, prefix_);
        if (!signer) return signer.fault();
        return std::unique_ptr<Renderer>(
            std::make_unique<StandardRenderer>(recipient.options, std::move(signer).value()));
    }

    Result<void> check_secret(const Secret& secret) const override { return check_webhook_secret(secret); }

    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        for (const std::string& name : {id_, time_, signature_})
            if (const std::string* value = find_field(headers, name); value == nullptr || value->empty())
                return Fault{Code::refused, "header " + name + " is missing"};
        const std::string& id = *find_field(headers, id_);
        const std::string& time = *find_field(headers, time_);
        if (Result<void> young = check_age(time_, time, now_s); !young) return young;
        Result<std::vector<WebhookKey>> keys = proof_keys(secrets, name_, now_s);
        if (!keys) return keys.fault();
        for (WebhookKey& key : keys.value())
            if (holds(*find_field(headers, signature_), key, {id, ".", time, ".", body})) return {};
        return Fault{Code::refused, "no signature in " + signature_ + " fits the body"};
    }

    std::vector<std::string_view> reserved() const override { return {"content-type", id_, time_, signature_}; }

  private:
    // The header is a list of "version,base64"; entries of other versions than the key's prove nothing.
    static bool holds(std::string_view list, WebhookKey& key, Pieces pieces) {
        while (!list.empty()) {
            std::string_view one = list.substr(0, list.find(' '));
            list.remove_prefix(std::min(list.size(), one.size() + 1));
            const size_t comma = one.find(',');
            if (comma == std::string_view::npos || one.substr(0, comma) != key.version()) continue;
            const Result<std::string> signature = unbase64(one.substr(comma + 1));
            if (signature && key.proves(pieces, signature.value())) return true;
        }
        return false;
    }

    std::string name_, prefix_, id_, time_, signature_;
};

}  // namespace

void StandardSigner::headers(const DeliveryView& delivery, std::string_view body, Fields& out) {
    std::string id = header_text(delivery.id);
    std::string time = std::to_string(delivery.at_s);
    std::string signatures;
    for (WebhookKey* key : keys_.holding(delivery.at_s)) {
        if (!signatures.empty()) signatures += ' ';
        (signatures += key->version()) += ',';
        signatures += base64(key->sign({id, ".", time, ".", body}));
    }
    out.push_back({prefix_ + "-id", std::move(id)});
    out.push_back({prefix_ + "-timestamp", std::move(time)});
    out.push_back({prefix_ + "-signature", std::move(signatures)});
}

Result<std::unique_ptr<StandardSigner>> standard_signer(const std::vector<Secret>& secrets, std::string_view prefix) {
    if (secrets.empty()) return std::unique_ptr<StandardSigner>();
    Result<Keyring<WebhookKey>> keys = webhook_keys(secrets);
    if (!keys) return keys.fault();
    return std::make_unique<StandardSigner>(std::move(keys).value(), prefix);
}

Result<void> check_extra_secret(const Secret& secret) {
    return secret.empty() ? Result<void>() : standard_format().check_secret(secret);
}

const Format& standard_format() {
    static const StandardFormat format("standard", "webhook");
    return format;
}

const Format& svix_format() {
    static const StandardFormat format("svix", "svix");
    return format;
}

}  // namespace trot
