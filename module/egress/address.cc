#include "egress/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace trot {
namespace {

constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void put_v4(Address& out, const in_addr& address) {
    std::copy(mapped.begin(), mapped.end(), out.bytes.begin());
    std::memcpy(out.bytes.data() + mapped.size(), &address, sizeof address);
}

}  // namespace

bool Address::is_v4() const { return std::equal(mapped.begin(), mapped.end(), bytes.begin()); }

uint32_t Address::v4() const {
    return uint32_t{bytes[12]} << 24U | uint32_t{bytes[13]} << 16U | uint32_t{bytes[14]} << 8U | bytes[15];
}

std::optional<Address> address_of(const sockaddr* address, socklen_t length) {
    Address out;
    if (address == nullptr || length < sizeof(sa_family_t)) return std::nullopt;
    if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, address, sizeof in);
        put_v4(out, in.sin_addr);
        out.port = ntohs(in.sin_port);
        return out;
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, address, sizeof in);
        std::memcpy(out.bytes.data(), &in.sin6_addr, out.bytes.size());
        out.port = ntohs(in.sin6_port);
        return out;
    }
    return std::nullopt;
}

std::optional<Address> parse_address(std::string_view text) {
    const std::string given(text);
    if (given.size() != std::strlen(given.c_str())) return std::nullopt;
    Address out;
    in_addr four{};
    if (inet_pton(AF_INET, given.c_str(), &four) == 1) {
        put_v4(out, four);
        return out;
    }
    if (inet_pton(AF_INET6, given.c_str(), out.bytes.data()) == 1) return out;
    return std::nullopt;
}

std::string text_of(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (address.is_v4())
        inet_ntop(AF_INET, address.bytes.data() + mapped.size(), out.data(), out.size());
    else
        inet_ntop(AF_INET6, address.bytes.data(), out.data(), out.size());
    return out.data();
}

sockaddr_storage sockaddr_of(const Address& address) {
    sockaddr_storage out{};
    if (address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(address.port);
        std::memcpy(&in.sin_addr, address.bytes.data() + mapped.size(), sizeof in.sin_addr);
        std::memcpy(&out, &in, sizeof in);
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(address.port);
        std::memcpy(&in.sin6_addr, address.bytes.data(), sizeof in.sin6_addr);
        std::memcpy(&out, &in, sizeof in);
    }
    return out;
}

}  // namespace trot
