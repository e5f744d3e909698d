#include "dispatch/token_book.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <iterator>

#include "crypto/hmac.h"
#include "dispatch/token.h"
#include "egress/rules.h"

namespace trot {
namespace {

constexpr int64_t shortest_use_ms = 1000;  // of a token that has no life left: for those that wait for it
constexpr int64_t most_margin_ms = 60000;
constexpr int64_t try_again_ms = 5000;  // to renew one that still holds
constexpr int64_t trial_ms = 60000;

// Everything that makes it another token, or another way to it.
std::string key_of(const Subscription& subscription) {
    const OAuthRules& rules = subscription.oauth;
    const std::string_view zero("\0", 1);
    std::string allow;
    for (const std::string& network : subscription.allow) allow += network + ' ';
    return Hmac(Digest::sha256, "token")
        .sign({rules.token_url.text, zero, rules.client_id, zero, rules.client_secret.reveal(), zero, rules.scope, zero,
               rules.audience, zero, rules.in_body ? "1" : "0", zero, allow});
}

}  // namespace

TokenBook::TokenBook(Context& context) : context_(context), self_(std::make_shared<TokenBook*>(this)) {}

TokenBook::~TokenBook() { *self_ = nullptr; }

void TokenBook::start(std::shared_ptr<Transport> transport) {
    transport_ = std::move(transport);
    const int64_t now = context_.steady_ms();
    std::erase_if(entries_, [now](const auto& one) { return !one.second.fetching && one.second.until_ms <= now; });
}

void TokenBook::stop() {
    std::vector<Ready> all;
    for (auto& [key, entry] : entries_) std::move(entry.waiting.begin(), entry.waiting.end(), std::back_inserter(all));
    entries_.clear();
    for (const Ready& ready : all) ready(nullptr);
}

TokenBook::Entry& TokenBook::know(const Subscription& subscription) {
    Entry& entry = entries_[key_of(subscription)];
    entry.rules = subscription.oauth;
    entry.allow = subscription.allow;
    entry.timeout_ms = subscription.timeout_ms;
    entry.connect_timeout_ms = subscription.connect_timeout_ms;
    return entry;
}

TokenRef TokenBook::find(const Subscription& subscription) {
    const std::string key = key_of(subscription);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    Entry& entry = found->second;
    const int64_t now = context_.steady_ms();
    if (!entry.token || now >= entry.until_ms) return nullptr;
    if (now >= entry.renew_ms && !entry.fetching) fetch(key, entry);
    return entry.token;
}

void TokenBook::wait(const Subscription& subscription, Ready ready) {
    Entry& entry = know(subscription);
    entry.waiting.push_back(std::move(ready));
    if (!entry.fetching) fetch(key_of(subscription), entry);
}

void TokenBook::fetch(const std::string& key, Entry& entry) {
    entry.fetching = true;
    TargetOptions options;
    options.url = entry.rules.token_url;
    options.timeout_ms = entry.timeout_ms;
    options.connect_timeout_ms = entry.connect_timeout_ms;
    options.answer_bytes = most_token_answer;
    if (Result<std::vector<Network>> networks = networks_of(entry.allow)) options.allow = std::move(networks).value();
    const int64_t asked_ms = context_.steady_ms();
    auto back = [self = self_, key, asked_ms](SendResult result) {
        if (*self != nullptr) (*self)->answered(key, asked_ms, std::move(result));
    };
    const Result<std::shared_ptr<Target>> target = transport_->target(options);
    if (target)
        return transport_->send(target.value(), token_headers(entry.rules), token_form(entry.rules), std::move(back));
    SendResult failure;
    failure.error = SendError::internal;
    failure.detail = target.fault().text;
    context_.mailbox->post([back = std::move(back), failure] { back(failure); });
}

void TokenBook::answered(const std::string& key, int64_t asked_ms, SendResult result) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;  // stopped meanwhile
    Entry& entry = found->second;
    entry.fetching = false;
    Result<Token> token = read_token(result);
    OPENSSL_cleanse(result.answer.data(), result.answer.size());
    const std::vector<Ready> waiting = std::move(entry.waiting);
    entry.waiting.clear();
    entry.failed = !token.ok();
    if (token) {
        keep(entry, std::move(token.value().value), asked_ms, token.value().life_ms);
        for (const Ready& ready : waiting) ready(nullptr);
        return;
    }
    entry.renew_ms = context_.steady_ms() + try_again_ms;
    uint64_t more = 0;
    if (entry.quiet.pass(context_.clock.steady_us(), more))
        context_.log.write(Level::warning, "dispatch: no token from " + redacted_url(entry.rules.token_url.text) +
                                               " for client \"" + entry.rules.client_id + "\": " + token.fault().text +
                                               (more > 0 ? " (and " + std::to_string(more) + " times before)" : ""));
    SendResult failure;
    failure.error = SendError::internal;
    failure.detail = token.fault().text;
    failure.retry_after = std::move(result.retry_after);
    failure.duration_us = result.duration_us;
    for (const Ready& ready : waiting) ready(&failure);
}

// A tenth of its life, at most a minute, before it ends the next one is fetched; a last part of that it is not used.
void TokenBook::keep(Entry& entry, Secret value, int64_t asked_ms, int64_t life_ms) {
    const int64_t now = context_.steady_ms();
    const int64_t margin = std::min(most_margin_ms, life_ms / 10);
    entry.token = std::make_shared<const Secret>(std::move(value));
    entry.fetched_ms = now;
    entry.renew_ms = std::max(asked_ms + life_ms - margin, now + shortest_use_ms);
    entry.until_ms = std::max(asked_ms + life_ms - margin / 4, now + shortest_use_ms);
}

bool TokenBook::refused(const Subscription& subscription, const TokenRef& used) {
    const auto found = entries_.find(key_of(subscription));
    if (found == entries_.end()) return false;
    Entry& entry = found->second;
    if (entry.token != used) return true;  // there is another one already, or will be
    if (entry.on_trial && context_.steady_ms() < entry.fetched_ms + trial_ms) return false;
    entry.token.reset();
    entry.on_trial = true;
    return true;
}

void TokenBook::accepted(const Subscription& subscription) {
    const auto found = entries_.find(key_of(subscription));
    if (found != entries_.end()) found->second.on_trial = false;
}

size_t TokenBook::held() const {
    const int64_t now = context_.steady_ms();
    return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [now](const auto& one) {
        return one.second.token != nullptr && now < one.second.until_ms;
    }));
}

size_t TokenBook::failing() const {
    return static_cast<size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const auto& one) { return one.second.failed; }));
}

}  // namespace trot
