// The small languages of a shape's rules: fields to leave out, links. Callers: rules_shape, shape. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

// "/a/b", "/items/*/email": at least one step, at most 32; "*" is any member or element.
Result<void> check_field_pointer(std::string_view pointer);

// "https://shop.example/orders/{id}": {id}, {resource}, {topic}, {action} and {event}. The fault names what is wrong.
Result<void> check_link(std::string_view link);

// The path under which the claims of a public_url are asked for, with a slash at its end.
inline constexpr std::string_view claim_route = "/trotline/claims/";
std::string claim_path(std::string_view public_url);

// "https://hooks.example" of "https://hooks.example/shop/"
std::string origin_of(std::string_view url);

}  // namespace trot
