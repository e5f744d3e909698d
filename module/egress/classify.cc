#include "egress/classify.h"

#include <algorithm>
#include <array>

#include "egress/guard.h"

namespace trot {
namespace {

struct Row4 {
    uint32_t network;
    unsigned bits;
    AddressClass what;
};

constexpr uint32_t ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return a << 24U | b << 16U | c << 8U | d; }

// First row that fits. The single addresses stand before the ranges that hold them.
constexpr std::array<Row4, 20> table4 = {{
    {ip(0, 0, 0, 0), 8, {"this-network", Opening::never}},  // Linux connects 0.0.0.0 to the local host
    {ip(10, 0, 0, 0), 8, {"private", Opening::listed}},
    {ip(100, 100, 100, 200), 32, {"metadata (Alibaba Cloud)", Opening::never}},
    {ip(100, 64, 0, 0), 10, {"cgnat", Opening::listed}},
    {ip(127, 0, 0, 0), 8, {"loopback", Opening::loopback}},
    {ip(168, 63, 129, 16), 32, {"azure-wireserver", Opening::never}},
    {ip(169, 254, 0, 0), 16, {"link-local", Opening::never}},
    {ip(172, 16, 0, 0), 12, {"private", Opening::listed}},
    {ip(192, 0, 0, 192), 32, {"metadata (Oracle Cloud)", Opening::never}},
    {ip(192, 0, 0, 0), 24, {"ietf-protocol", Opening::listed}},
    {ip(192, 0, 2, 0), 24, {"test-net-1", Opening::listed}},
    {ip(192, 88, 99, 0), 24, {"6to4-relay", Opening::never}},
    {ip(192, 168, 0, 0), 16, {"private", Opening::listed}},
    {ip(198, 18, 0, 0), 15, {"benchmark", Opening::listed}},
    {ip(198, 51, 100, 0), 24, {"test-net-2", Opening::listed}},
    {ip(203, 0, 113, 0), 24, {"test-net-3", Opening::listed}},
    {ip(224, 0, 0, 0), 4, {"multicast", Opening::never}},
    {ip(255, 255, 255, 255), 32, {"broadcast", Opening::never}},
    {ip(240, 0, 0, 0), 4, {"class-e", Opening::listed}},
    {ip(0, 0, 0, 0), 0, {"public", Opening::open}},
}};

AddressClass class_of_v4(uint32_t address) {
    for (const Row4& row : table4) {
        const uint32_t mask = row.bits == 0 ? 0 : ~uint32_t{0} << (32 - row.bits);
        if ((address & mask) == row.network) return row.what;
    }
    return {"unknown", Opening::never};
}

struct Row6 {
    std::array<uint16_t, 8> network;
    unsigned bits;
    AddressClass what;
};

// IPv6 that is not 2000::/3 is closed as a whole; the rows before that one only give it a better name, or open it to
// lists.
constexpr std::array<Row6, 22> table6 = {{
    {{0, 0, 0, 0, 0, 0, 0, 0}, 128, {"unspecified", Opening::never}},
    {{0, 0, 0, 0, 0, 0, 0, 1}, 128, {"loopback", Opening::loopback}},
    {{0, 0, 0, 0, 0, 0, 0, 0}, 96, {"v4-compatible", Opening::never}},
    {{0, 0, 0, 0, 0xffff, 0, 0, 0}, 96, {"siit", Opening::never}},
    {{0x64, 0xff9b, 0, 0, 0, 0, 0, 0}, 96, {"nat64", Opening::never}},
    {{0x64, 0xff9b, 1, 0, 0, 0, 0, 0}, 48, {"nat64-local", Opening::never}},
    {{0x100, 0, 0, 0, 0, 0, 0, 0}, 64, {"discard", Opening::never}},
    {{0xfd00, 0xec2, 0, 0, 0, 0, 0, 0}, 32, {"metadata (AWS)", Opening::never}},
    {{0xfd20, 0xce, 0, 0, 0, 0, 0, 0}, 32, {"metadata (Google Cloud)", Opening::never}},
    {{0xfd00, 0xc1, 0, 0, 0, 0, 0, 0}, 32, {"metadata (Oracle Cloud)", Opening::never}},
    {{0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42}, 128, {"metadata (Scaleway)", Opening::never}},
    {{0xfc00, 0, 0, 0, 0, 0, 0, 0}, 7, {"ula", Opening::listed}},
    {{0xfe80, 0, 0, 0, 0, 0, 0, 0}, 10, {"link-local", Opening::never}},
    {{0xfec0, 0, 0, 0, 0, 0, 0, 0}, 10, {"site-local", Opening::listed}},
    {{0xff00, 0, 0, 0, 0, 0, 0, 0}, 8, {"multicast", Opening::never}},
    {{0x2001, 0, 0, 0, 0, 0, 0, 0}, 32, {"teredo", Opening::never}},
    {{0x2001, 0, 0, 0, 0, 0, 0, 0}, 23, {"ietf-protocol v6", Opening::listed}},
    {{0x2001, 0xdb8, 0, 0, 0, 0, 0, 0}, 32, {"documentation", Opening::listed}},
    {{0x2002, 0, 0, 0, 0, 0, 0, 0}, 16, {"6to4", Opening::never}},
    {{0x3fff, 0, 0, 0, 0, 0, 0, 0}, 20, {"documentation", Opening::listed}},
    {{0x2000, 0, 0, 0, 0, 0, 0, 0}, 3, {"public", Opening::open}},
    {{0, 0, 0, 0, 0, 0, 0, 0}, 0, {"outside 2000::/3", Opening::never}},
}};

bool inside(const Row6& row, const Address& address) {
    for (unsigned i = 0; i < 8 && i * 16 < row.bits; ++i) {
        const unsigned bits = row.bits - i * 16;
        const unsigned mask = bits >= 16 ? 0xffffU : 0xffffU & ~(0xffffU >> bits);
        const unsigned word = unsigned{address.bytes[i * 2]} << 8U | address.bytes[i * 2 + 1];
        if ((word & mask) != row.network[i]) return false;
    }
    return true;
}

// The interface id of ISATAP (RFC 5214): [02]00:5efe:a.b.c.d, a tunnel to that IPv4 address.
bool is_isatap(const Address& address) {
    return (address.bytes[8] == 0 || address.bytes[8] == 2) && address.bytes[9] == 0 && address.bytes[10] == 0x5e &&
           address.bytes[11] == 0xfe;
}

}  // namespace

Address unwrap(const Address& address, bool nat64) {
    constexpr Row6 prefix = {{0x64, 0xff9b, 0, 0, 0, 0, 0, 0}, 96, {}};
    if (!nat64 || !inside(prefix, address)) return address;
    Address out = address;
    std::fill(out.bytes.begin(), out.bytes.begin() + 10, 0);
    out.bytes[10] = out.bytes[11] = 0xff;
    return out;
}

AddressClass class_of(const Address& address) {
    if (address.is_v4()) return class_of_v4(address.v4());
    for (const Row6& row : table6) {
        if (!inside(row, address)) continue;
        if (is_isatap(address) && class_of_v4(address.v4()).opening != Opening::open)
            return {"isatap of a blocked v4", Opening::never};
        return row.what;
    }
    return {"unknown", Opening::never};
}

std::string_view classify(const unsigned char address[16], bool nat64) {
    Address one;
    std::copy(address, address + 16, one.bytes.begin());
    return class_of(unwrap(one, nat64)).name;
}

}  // namespace trot
