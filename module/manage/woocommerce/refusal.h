// What a client is told when it does not get what it asked for, in each family's shape. Callers: all of this folder.
// Threads: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "json/tree.h"
#include "manage/reply.h"
#include "manage/woocommerce/place.h"

namespace trot::woo {

struct Refusal {
    struct Param {
        std::string name, message;
        std::string code;  // WordPress's: "rest_invalid_type"
    };
    int status = 400;
    std::string code, message;
    std::vector<Param> params;         // what is wrong with each of them; family rest
    std::vector<std::string> missing;  // family rest
    Fields fields;                     // headers besides
};

Refusal invalid_params(std::vector<Refusal::Param> params);
Refusal missing_params(std::vector<std::string> names);
Refusal no_route(Family family);
// The store did not do what was asked, or it is not known whether it did.
Refusal store_refusal(Family family, const Fault& fault);

// An answer of the family; `body` is PHP's spelling of the tree.
Reply reply_of(Family family, int status, const json_t* body, Fields fields = {});
Reply reply_of(Family family, const Refusal& refusal);
Json rest_error(const Refusal& refusal);  // also inside a batch's answer

}  // namespace trot::woo
