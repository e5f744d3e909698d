// A webhook as this API shows it, and the row that it is in the store. Callers: webhooks. Threads: pure.
//
// The row's title is the event_type as the client wrote it; the document holds {"verified","more"}, `more` being the
// attributes that nobody here knows; endpoint and secret are in the settings only. What the row's state says goes
// before the document: the dispatcher sets it when an endpoint has confirmed, or is switched off.
#pragma once

#include <string>

#include "json/tree.h"
#include "plan/plan.h"
#include "store/managed.h"

namespace trot::shareactor {

struct Standing {
    bool verified = false;  // its endpoint has confirmed
    bool active = false;    // it gets deliveries once it is verified
};

Standing standing_of(const ManagedRow& managed);
// Sets state and document. Without a handshake nobody has to confirm.
void set_standing(ManagedRow& managed, Standing standing, bool handshake);
// Is there a question to be put to the endpoint?
bool is_unconfirmed(const ManagedRow& managed);

// The attributes that nobody here knows. Never null.
Json more_of(const ManagedRow& managed);
void set_more(ManagedRow& managed, const json_t* more);
// Is it one of those that the client sets, or that only the server does?
bool is_known(std::string_view attribute);

// Also of a row whose settings this configuration would refuse: it must be possible to see and to mend it.
std::string secret_of(const ManagedRow& managed);

// {"_id","company","created","updated","event_type","deleted","secret","endpoint","verified","active",…}
Json show(const ManagedRow& managed, const ApiConfig& api, bool deleted = false);

}  // namespace trot::shareactor
