// What a client sees of a webhook: the object of each family and version, its members in the original's order. Callers:
// legacy, rest, batch. Threads: pure.
#pragma once

#include <string>

#include "json/tree.h"
#include "manage/woocommerce/place.h"
#include "plan/plan.h"
#include "store/managed.h"

namespace trot::woo {

struct View {
    const Plan& plan;
    const ApiConfig& api;
    Family family;
    int version;
    std::string base;  // URL of the collection; family rest
    // The answer to a creation: `date_modified` is null there, because that object has not been read back from the
    // database.
    bool created = false;
};

Json view_webhook(const ManagedRow& managed, const View& view);

// The members `fields` names ("id,name", "a.b"), of an object or of each object of a list; empty: all.
Json keep_fields(const json_t* value, const std::vector<std::string>& fields);

json_t* link_to(const std::string& url);  // a list of one {"href":url}, as WordPress links

json_t* id_json(const std::string& id);  // an integer

}  // namespace trot::woo
