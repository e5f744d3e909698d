// Filter terms: a subscription's `when`, read from TOML, and what their tests are called where settings are kept as
// JSON. Callers: table_subscription, subscription_json. Threads: pure.
#pragma once

#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "plan/section.h"

namespace trot {

// { "/status" = "paid", "/total" = { above = 100 }, … }
void read_when(const RawValue& when, Report& report, std::vector<FilterTerm>& out);

std::string_view name_of(FilterTerm::Test test);
// False: there is no such test, or its value is none for it. Sets regex and number from values.
bool set_test(FilterTerm& term, std::string_view test);

// "12", "-1.5e3"; a text that reads so counts as well (systems write amounts as texts).
bool read_decimal(std::string_view text, double& out);

}  // namespace trot
