// The parameters of a request of family rest, as WordPress merges them: JSON body over form over query. Callers: rest,
// batch, woocommerce_api.cc. Threads: pure.
#pragma once

#include <optional>

#include "json/tree.h"
#include "manage/api.h"
#include "manage/woocommerce/refusal.h"

namespace trot::woo {

struct Said {
    Json params;      // an object; values of form and query are strings
    Json attributes;  // the JSON body alone, when it is an object: whose unknown members are kept; else null
};

std::optional<Refusal> read_said(const ApiRequest& request, const Fields& form, Said& out);

// Fields of a form in the body; none when it is no form.
Fields form_fields(const ApiRequest& request);

}  // namespace trot::woo
