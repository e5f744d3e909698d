// Consent: CloudEvents' webhook consent (http-webhook 4): before the first delivery an endpoint is asked with OPTIONS
// whether it wants deliveries from us, and how many. It consents with headers, never with a status:
// WebHook-Allowed-Origin names us or is "*"; WebHook-Allowed-Rate says how many a minute (without it: as many as were
// asked for). Until then its deliveries wait in the store, and it is asked again: after 10 s, 1 min, 5 min, 30 min,
// then every hour. Consent holds until the process ends or the URL changes. Callers: sender, subscriptions (makes a
// Consent), status. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dispatch/context.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

struct Endpoint;

// What an endpoint has said.
struct Consent {
    enum class State { unasked, waiting, asking, granted, refused };
    State state = State::unasked;
    std::string url, origin;  // it was asked about these
    uint64_t asked = 0;       // attempts an hour that it was asked for; 0: no rate
    std::shared_ptr<Target> target;
    std::string reason;   // why it has not consented
    int64_t next_ms = 0;  // it is asked again (steady clock)
    unsigned times = 0;   // it did not consent
    uint64_t rate = 0;    // granted, attempts an hour; 0: no limit
};

// What the answer's head (SendResult::head) says.
struct ConsentAnswer {
    bool granted = false;
    uint64_t rate = 0;  // attempts an hour; 0: no limit
    std::string reason;
};
ConsentAnswer read_consent(const SendResult& result, std::string_view origin, uint64_t asked);

// After its settings have changed: is consent needed, and is it still the one it gave?
void want_consent(Endpoint& endpoint, Transport& transport);

class ConsentDesk {
  public:
    using Told = std::function<void(const std::shared_ptr<Endpoint>&)>;

    // told: an endpoint has consented, or may be asked again (look at it at Consent::next_ms).
    ConsentDesk(Context& context, Told told);
    ~ConsentDesk();

    void set_transport(std::shared_ptr<Transport> transport) { transport_ = std::move(transport); }
    // May deliveries go to it? If not, it is asked when its time has come.
    bool granted(const std::shared_ptr<Endpoint>& endpoint);

  private:
    void ask(const std::shared_ptr<Endpoint>& endpoint);
    void answered(const std::shared_ptr<Endpoint>& endpoint, const std::shared_ptr<Consent>& about,
                  const SendResult& result);
    void next();

    Context& context_;
    Told told_;
    std::shared_ptr<Transport> transport_;
    size_t asking_ = 0;
    std::deque<std::weak_ptr<Endpoint>> waiting_;  // for others to be asked
    std::shared_ptr<ConsentDesk*> self_;           // an answer may come when the desk has gone
};

}  // namespace trot
