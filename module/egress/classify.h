// What kind of address is it, and may an operator open it? The closed list of reliability.md 2.1. Callers: guard. Pure.
#pragma once

#include <string_view>

#include "egress/address.h"

namespace trot {

enum class Opening {
    open,      // public: no list needed
    listed,    // allowed when a configured network holds it
    loopback,  // allowed when a configured network that lies inside loopback holds it: 0.0.0.0/0 does not open it
    never,     // link-local, metadata, multicast, broadcast, addresses that wrap another one
};

struct AddressClass {
    std::string_view name;
    Opening opening = Opening::never;
};

AddressClass class_of(const Address& address);

// With nat64, an address of 64:ff9b::/96 is the IPv4 address it carries, and judged as that one.
Address unwrap(const Address& address, bool nat64);

}  // namespace trot
