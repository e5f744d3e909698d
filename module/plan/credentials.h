// Credentials: how a subscription proves to its endpoint who we are, besides signing (basic_auth, bearer, oauth), and
// the headers that go with each delivery. At most one of them makes the Authorization header. Callers:
// table_subscription. Threads: one load, one thread.
#pragma once

#include "plan/tables.h"

namespace trot {

// After the format has been read: its own headers are not the subscription's to set.
void read_credentials(Section& section, Loading& load, const UrlRules& urls, Subscription& out);

}  // namespace trot
