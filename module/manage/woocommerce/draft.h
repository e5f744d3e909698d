// What a client wants of a webhook, and a webhook while it is made or changed: the part that both families share.
// Callers: changes.cc. Threads: as ApiHandler's.
#pragma once

#include <string>
#include <string_view>

#include "json/tree.h"
#include "manage/api.h"
#include "manage/woocommerce/credentials.h"
#include "store/managed.h"

namespace trot::woo {

// "" is what was not said, or was empty: PHP's empty() takes the two for the same, so an empty value changes nothing.
struct Wanted {
    std::string name, topic, delivery_url, secret, status;
    Json others;  // attributes that WooCommerce does not know; null: none. They are kept and shown again.
};

// Why it cannot be had; `member` empty: it can.
struct Mistake {
    enum class Kind { type, value, guarded, length, control };
    std::string_view member;
    Kind kind = Kind::value;
    explicit operator bool() const { return !member.empty(); }
};

// said: the values, an object. attributes: whose unknown members are kept; may be null.
Mistake read_wanted(const json_t* said, const json_t* attributes, Wanted& out);

// Does PHP's empty() hold?
bool is_empty(const json_t* value);

// A row and the settings in it.
struct Draft {
    ManagedRow managed;
    Subscription settings;
};

// A webhook that says nothing yet but what the API's configuration says. source: the shop's URL.
Draft new_draft(const Caller& caller, Family family, const std::string& source);

// Takes over what is wanted. Where a value is wrong, which is said, the draft must not be used.
Mistake change_draft(Draft& draft, const Wanted& wanted, const Caller& caller, Family family, const ApiWorld& world);

// Name and secret of a new webhook whose client said none.
std::string default_name(int64_t now_ms);
std::string default_secret(const Caller& caller, Family family);

}  // namespace trot::woo
