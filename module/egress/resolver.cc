#include "egress/resolver.h"

#include <netdb.h>

#include <memory>

namespace trot {
namespace {

struct FreeInfo {
    void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

class SystemResolver : public Resolver {
  public:
    Result<std::vector<Address>> resolve(const std::string& host) const override {
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        const int rc = getaddrinfo(host.c_str(), nullptr, &hints, &found);
        const std::unique_ptr<addrinfo, FreeInfo> hold(found);
        if (rc != 0) return Fault{Code::network, "the name does not resolve: " + std::string(gai_strerror(rc))};
        std::vector<Address> out;
        for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
            if (std::optional<Address> address = address_of(one->ai_addr, one->ai_addrlen)) out.push_back(*address);
        if (out.empty()) return Fault{Code::network, "the name has no address"};
        return out;
    }
};

}  // namespace

const Resolver& system_resolver() {
    static const SystemResolver resolver;
    return resolver;
}

}  // namespace trot
