#include "dispatch/consent.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "dispatch/endpoint.h"
#include "egress/retry.h"

namespace trot {
namespace {

constexpr size_t most_at_once = 16;
constexpr std::array<int64_t, 5> waits_ms = {10000, 60000, 300000, 1800000, 3600000};
constexpr uint64_t minutes_an_hour = 60;

// The value of a header in SendResult::head; the last one counts.
std::string_view value_of(std::string_view head, std::string_view name) {
    std::string_view found;
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find('\n'));
        head.remove_prefix(std::min(head.size(), line.size() + 1));
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos && equal_nocase(trim(line.substr(0, colon)), name))
            found = trim(line.substr(colon + 1));
    }
    return found;
}

// For people: what came instead of consent, whatever bytes it has.
std::string shown(std::string_view text) {
    std::string out(text.substr(0, 80));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
    return "\"" + out + "\"";
}

}  // namespace

ConsentAnswer read_consent(const SendResult& result, std::string_view origin, uint64_t asked) {
    ConsentAnswer out;
    if (result.status == 0) {
        out.reason = "it does not answer (" + std::string(name_of(result.error)) + ")";
        return out;
    }
    const std::string_view allowed = value_of(result.head, "webhook-allowed-origin");
    if (allowed.empty()) {
        out.reason = "it answers " + std::to_string(result.status) + " without WebHook-Allowed-Origin";
        return out;
    }
    if (allowed != "*" && !equal_nocase(allowed, origin)) {
        out.reason = "it allows " + shown(allowed) + ", not \"" + std::string(origin) + "\"";
        return out;
    }
    const std::string_view rate = value_of(result.head, "webhook-allowed-rate");
    out.rate = asked;
    if (!rate.empty() && rate != "*") {
        uint64_t a_minute = 0;
        const auto [stop, fault] = std::from_chars(rate.data(), rate.data() + rate.size(), a_minute);
        if (fault != std::errc() || stop != rate.data() + rate.size() || a_minute == 0 || a_minute > 60000000) {
            out.reason = "its WebHook-Allowed-Rate is " + shown(rate) + ", no number of requests a minute";
            return out;
        }
        out.rate = a_minute * minutes_an_hour;
    }
    out.granted = true;
    return out;
}

// What an endpoint has consented to holds as long as it is asked the same.
void want_consent(Endpoint& endpoint, Transport& transport) {
    const Subscription& settings = *endpoint.settings;
    if (settings.consent_origin.empty() || endpoint.target == nullptr) return endpoint.consent.reset();
    TargetOptions options = endpoint.target_options;
    options.options_method = options.keep_head = true;
    Result<std::shared_ptr<Target>> target = transport.target(options);
    if (!target) return endpoint.consent.reset();  // as its own target: the same URL
    const std::shared_ptr<Consent>& has = endpoint.consent;
    if (!has || has->url != options.url.text || has->origin != settings.consent_origin ||
        has->asked != settings.health.rate) {
        endpoint.consent = std::make_shared<Consent>();
        endpoint.consent->url = options.url.text;
        endpoint.consent->origin = settings.consent_origin;
        endpoint.consent->asked = settings.health.rate;
    }
    endpoint.consent->target = std::move(target).value();
}

ConsentDesk::ConsentDesk(Context& context, Told told)
    : context_(context), told_(std::move(told)), self_(std::make_shared<ConsentDesk*>(this)) {}

ConsentDesk::~ConsentDesk() { *self_ = nullptr; }

bool ConsentDesk::granted(const EndpointRef& endpoint) {
    Consent& consent = *endpoint->consent;
    if (consent.state == Consent::State::granted) return true;
    if (consent.state == Consent::State::asking || consent.state == Consent::State::waiting) return false;
    if (consent.state == Consent::State::refused && context_.steady_ms() < consent.next_ms) return false;
    if (asking_ < most_at_once) {
        ask(endpoint);
    } else {
        consent.state = Consent::State::waiting;
        waiting_.push_back(endpoint);
    }
    return false;
}

void ConsentDesk::ask(const EndpointRef& endpoint) {
    const std::shared_ptr<Consent> consent = endpoint->consent;
    Fields headers = {{"WebHook-Request-Origin", consent->origin}};
    if (consent->asked > 0)
        headers.push_back(
            {"WebHook-Request-Rate", std::to_string(std::max<uint64_t>(1, consent->asked / minutes_an_hour))});
    if (!endpoint->settings->authorization.empty())
        headers.push_back({"Authorization", std::string(endpoint->settings->authorization.reveal())});
    headers.insert(headers.end(), endpoint->settings->headers.begin(), endpoint->settings->headers.end());
    consent->state = Consent::State::asking;
    ++asking_;
    transport_->send(consent->target, headers, nullptr, [self = self_, endpoint, consent](const SendResult& result) {
        if (*self != nullptr) (*self)->answered(endpoint, consent, result);
    });
}

void ConsentDesk::answered(const EndpointRef& endpoint, const std::shared_ptr<Consent>& about,
                           const SendResult& result) {
    --asking_;
    const ConsentAnswer answer = read_consent(result, about->origin, about->asked);
    if (answer.granted) {
        about->state = Consent::State::granted;
        about->reason.clear();
        about->rate = answer.rate;
        context_.log.write(Level::info, "dispatch: endpoint \"" + endpoint->name + "\" consents to deliveries");
    } else {
        if (about->times == 0)
            context_.log.write(Level::warning, "dispatch: endpoint \"" + endpoint->name +
                                                   "\" has not consented to deliveries: " + answer.reason +
                                                   " (they wait, and it is asked again)");
        about->state = Consent::State::refused;
        about->reason = answer.reason;
        const int64_t step = waits_ms[std::min<size_t>(about->times++, waits_ms.size() - 1)];
        const int64_t asked = parse_retry_after(result.retry_after, context_.clock.wall_ms());
        const int64_t spread = static_cast<int64_t>(context_.random() % static_cast<uint64_t>(step / 10 + 1));
        about->next_ms = context_.steady_ms() + std::max(step, asked) + spread;
    }
    // A reload may have given it another URL meanwhile: that one is asked by itself.
    if (endpoint->consent == about) {
        if (answer.granted) endpoint->join_gate();
        told_(endpoint);
    }
    next();
}

void ConsentDesk::next() {
    while (asking_ < most_at_once && !waiting_.empty()) {
        const EndpointRef endpoint = waiting_.front().lock();
        waiting_.pop_front();
        if (!endpoint || !endpoint->consent || endpoint->consent->state != Consent::State::waiting) continue;
        endpoint->consent->state = Consent::State::unasked;
        if (endpoint->active()) ask(endpoint);
    }
}

}  // namespace trot
