// Cockpit's webhook object {name,url,auth,headers,events,active,…} and the row that keeps it. What may be secret (auth,
// the values of headers) lies in the row's settings, as a member of its own that deliveries do not look at; the
// document holds the rest, the client's own members among it. Callers: cockpit_api.cc. Threads: as ApiHandler's.
#pragma once

#include "base/result.h"
#include "json/tree.h"
#include "manage/api.h"
#include "store/managed.h"

namespace trot::cockpit {

// The object as clients see it, with _modified, _created (Unix seconds) and _id.
Json show_webhook(const ManagedRow& managed);
// What the form for a new one begins with.
Json blank_webhook();

// The row after a save. before: the row that the client named, or a new one, number 0. sent: of which each member
// replaces what is there, as Cockpit's storage merges. The fault is a text for the client.
Result<ManagedRow> save_webhook(const ManagedRow& before, const json_t* sent, const ApiConfig& api,
                                const ApiWorld& world);

bool is_id(std::string_view text);

}  // namespace trot::cockpit
