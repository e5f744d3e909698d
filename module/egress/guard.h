// Guard: may a delivery go to this address? Judges the very sockaddr that is about to be connected (and again on a
// reused connection) by a closed list (reliability.md 2.1); configured networks on top. Link-local and metadata
// addresses are never allowed, not even by name of their network. Callers: egress/transport (libcurl callbacks), the
// door (`trotline guard`). Threads: immutable after construction.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "egress/address.h"
#include "url/check.h"

namespace trot {

class Resolver;  // egress/resolver.h

struct Network {  // 10.0.0.0/8 or fd00::/8; IPv4 is kept as ::ffff:a.b.c.d/96+n
    unsigned char bytes[16];
    unsigned bits;
};
Result<Network> parse_network(std::string_view cidr);  // an address alone is /32 or /128
std::string text_of(const Network& network);
// An IPv6 network, however wide, never holds an IPv4 address.
bool contains(const Network& network, const unsigned char address[16]);

struct GuardVerdict {
    bool allowed = false;
    std::string why;  // "public", "loopback", "private (allowed by 10.20.0.0/16)", …
};

class Guard {
  public:
    struct Rules {
        std::vector<Network> allow, deny;
        bool nat64 = false;
        std::vector<std::string> own;  // "127.0.0.1:8080": our listeners and the upstream, literal addresses
        UrlRules urls;                 // for judge_text
    };
    Guard() = default;
    explicit Guard(Rules rules);

    // The address that is about to be connected. extra: the subscription's own allow list.
    GuardVerdict judge(const sockaddr* address, socklen_t length, const std::vector<Network>& extra = {}) const;

    // The same without the words: asked for each delivery.
    bool allows(const sockaddr* address, socklen_t length, const std::vector<Network>& extra = {}) const;

    // A text: URL (checked, then its literal address, or every address its name resolves to, is judged; all must be
    // allowed) or a bare address. Blocks on DNS: for the command line and configuration checks, never on a loop.
    GuardVerdict judge_text(std::string_view value) const;
    GuardVerdict judge_text(std::string_view value, const Resolver& resolver) const;

  private:
    struct Own {
        unsigned char address[16];
        uint16_t port;
    };
    struct Finding {  // a verdict in views
        bool allowed = false;
        std::string_view name;
        const Network* denied_by = nullptr;
        const Network* allowed_by = nullptr;
    };
    Finding find(const sockaddr* address, socklen_t length, const std::vector<Network>& extra) const;
    bool is_own(const unsigned char address[16], uint16_t port) const;
    GuardVerdict judge_url(const CheckedUrl& url, const Resolver& resolver) const;

    Rules rules_;
    std::vector<Own> own_;
};

// What would let deliveries go where the guard refused them: "allow = [\"10.1.2.3\"] in the subscription, if it may be
// reached". place: who has that key.
std::string remedy(const Address& address, const GuardVerdict& refused, std::string_view place);

// The class of an address without any configuration: "public" or why not (reliability.md 2.1). IPv4 comes mapped.
std::string_view classify(const unsigned char address[16], bool nat64);

}  // namespace trot
