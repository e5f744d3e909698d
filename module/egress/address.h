// Addresses as 16 bytes, IPv4 mapped (::ffff:a.b.c.d), so that one table judges both. Callers: guard, transport. Pure.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trot {

struct Address {
    std::array<unsigned char, 16> bytes{};
    uint16_t port = 0;  // host order

    bool is_v4() const;
    uint32_t v4() const;  // host order; the last four bytes
};

std::optional<Address> address_of(const sockaddr* address,
                                  socklen_t length);          // nothing when it is neither IPv4 nor IPv6
std::optional<Address> parse_address(std::string_view text);  // canonical IPv4 or IPv6, no brackets, no port
std::string text_of(const Address& address);                  // without the port

// The sockaddr of an address, for resolvers and tests.
sockaddr_storage sockaddr_of(const Address& address);

}  // namespace trot
