// A webhook's `events`: what it wants to hear of. Callers: datocms. Threads: pure.
//
// [{"entity_type":"item","event_types":["update"],"filters":[{"entity_type":"item_type","entity_ids":["42"]}]}];
// clients of X-Api-Version 2 have one `filter` instead [S]. Several filters hold all, of the ids of one any [I]. Each
// entry is a Selector: topics "item.update", and terms over the payload and what the event took along
// (conf/dialects/datocms.toml).
#pragma once

#include <vector>

#include "json/tree.h"
#include "manage/datocms/answer.h"
#include "plan/plan.h"

namespace trot::datocms {

// The entries as they are kept: `filter` has become `filters` (null when there are none), other members stay. Null, and
// problems, when they are wrong.
Json read_events(const json_t* given, Problems& problems);

// events: as kept. primary: what the primary environment is called.
std::vector<Selector> selectors_of(const json_t* events, std::string_view primary);

// As a client of that X-Api-Version reads them. Of several filters, which the old version cannot say, it gets the first
// as `filter` and all of them besides: what it sends back is then what it got.
Json events_for(const json_t* events, int version);

bool is_entity_type(std::string_view text);
bool is_event_type(std::string_view text);

}  // namespace trot::datocms
