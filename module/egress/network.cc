// Networks of the configuration: 10.0.0.0/8, fd00::/8.
#include <algorithm>
#include <charconv>

#include "egress/address.h"
#include "egress/guard.h"

namespace trot {
namespace {

unsigned char mask_of(unsigned bits, size_t index) {
    const size_t start = index * 8;
    if (bits >= start + 8) return 0xff;
    return bits <= start ? 0 : static_cast<unsigned char>(0xff00U >> (bits - start));
}

}  // namespace

Result<Network> parse_network(std::string_view cidr) {
    auto wrong = [&](std::string_view why) {
        return Fault{Code::config, "\"" + std::string(cidr) + "\" is not a network: " + std::string(why)};
    };
    const size_t slash = cidr.find('/');
    const std::optional<Address> address = parse_address(cidr.substr(0, slash));
    if (!address) return wrong("right is an address and its bits, like 10.20.0.0/16 or fd12:3456::/32");
    const bool four = address->is_v4();
    unsigned bits = four && cidr.find(':') == std::string_view::npos ? 32 : 128;
    if (slash != std::string_view::npos) {
        const std::string_view text = cidr.substr(slash + 1);
        unsigned given = 0;
        auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), given);
        if (fault != std::errc() || stop != text.data() + text.size() || given > bits)
            return wrong("behind the slash stands a number from 0 to " + std::to_string(bits));
        bits = given + (bits == 32 ? 96 : 0);
    } else {
        bits = 128;
    }
    Network network{};
    network.bits = bits;
    for (size_t i = 0; i < 16; ++i) {
        network.bytes[i] = address->bytes[i] & mask_of(bits, i);
        if (network.bytes[i] != address->bytes[i]) {
            for (; i < 16; ++i) network.bytes[i] = address->bytes[i] & mask_of(bits, i);
            return wrong("it has bits beyond its mask; did you mean " + text_of(network) + "?");
        }
    }
    return network;
}

std::string text_of(const Network& network) {
    Address address;
    std::copy(std::begin(network.bytes), std::end(network.bytes), address.bytes.begin());
    const bool four = address.is_v4() && network.bits >= 96;
    return text_of(address) + "/" + std::to_string(network.bits - (four ? 96 : 0));
}

bool contains(const Network& network, const unsigned char address[16]) {
    Address one;
    std::copy(address, address + 16, one.bytes.begin());
    if (network.bits < 96 && one.is_v4()) return false;
    for (size_t i = 0; i < 16; ++i)
        if ((address[i] & mask_of(network.bits, i)) != network.bytes[i]) return false;
    return true;
}

}  // namespace trot
