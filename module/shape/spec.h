// A shape's spec: what a subscription's rules make of a payload, as the JSON text that a row of the store's table
// `shapes` holds. Deliveries name the row that was in force when they were made, so that a reload changes no bytes.
// Keys are in it by their fingerprint only. Callers: dispatch (spells), recipe (reads). Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/plan.h"

namespace trot {

struct ShapeSpec {
    ShapeRules rules;  // without hash_keys
    std::string filter;
    std::string key;  // fingerprint of the hash key; "": nothing is hashed
};

// "": payloads go as they are.
std::string spell_shape(const ShapeRules& rules, const std::string& filter);
Result<ShapeSpec> read_shape_spec(std::string_view spec);

std::string key_fingerprint(const Secret& key);

}  // namespace trot
