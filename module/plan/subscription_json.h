// A subscription's settings as JSON: how the store keeps those that are made through a management API, so that the
// dispatcher needs to know nothing of that API. Secrets are in it: it goes into the store's own file and nowhere else.
// Callers: manage (spells), dispatch (reads). Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace trot {

// All of a subscription but its name, `allow`, `paused` and `at`: those are not the client's to say.
std::string spell_settings(const Subscription& subscription);
// Unknown members are ignored (a newer Trotline's); the URL is checked again. Fault{Code::damaged} says what is wrong.
Result<Subscription> read_settings(std::string_view json, const UrlRules& urls);

// "" for none.
std::string spell_selectors(const std::vector<Selector>& selectors);
Result<std::vector<Selector>> read_selectors(std::string_view json);

}  // namespace trot
