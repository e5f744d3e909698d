// Names for the real libcurl: this file defines getaddrinfo for the whole test program, so that libcurl's resolver
// thread (which calls it) sees the records of the test. Included by one source of a program only. Addresses are made by
// the real function.
#pragma once

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace names {

struct Record {
    std::vector<std::string> addresses;
    std::chrono::milliseconds delay{0};
};

inline std::mutex lock;
inline std::map<std::string, std::function<Record(int nth)>> table;  // nth: how often the name was asked before
inline std::map<std::string, int> asked;

inline void set(const std::string& name, std::function<Record(int)> answer) {
    std::lock_guard<std::mutex> hold(lock);
    table[name] = std::move(answer);
    asked[name] = 0;
}

}  // namespace names

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node, const char* service,
                                                                  const addrinfo* hints, addrinfo** out) {
    using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const Real real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
    names::Record record;
    {
        std::lock_guard<std::mutex> hold(names::lock);
        const auto found = names::table.find(node == nullptr ? "" : node);
        if (found == names::table.end()) return real(node, service, hints, out);
        record = found->second(names::asked[node]++);
    }
    std::this_thread::sleep_for(record.delay);  // a slow name server is what the test asked for
    addrinfo* first = nullptr;
    addrinfo** last = &first;
    for (const std::string& address : record.addresses) {
        // One block each, as freeaddrinfo of the C library expects of a list.
        struct Block {
            addrinfo info;
            sockaddr_in address;
        };
        auto* block = static_cast<Block*>(calloc(1, sizeof(Block)));
        inet_pton(AF_INET, address.c_str(), &block->address.sin_addr);
        block->address.sin_family = AF_INET;
        block->address.sin_port = htons(static_cast<uint16_t>(service == nullptr ? 0 : atoi(service)));
        block->info.ai_family = AF_INET;
        block->info.ai_socktype = SOCK_STREAM;
        block->info.ai_addrlen = sizeof block->address;
        block->info.ai_addr = reinterpret_cast<sockaddr*>(&block->address);
        *last = &block->info;
        last = &block->info.ai_next;
    }
    *out = first;
    return first == nullptr ? EAI_NONAME : 0;
}
