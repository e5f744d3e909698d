// TLS towards the upstream: TLS 1.2 or newer, ALPN http/1.1, SNI, verified against the system's authorities or a given
// file. Callers: the upstream. Threads: the loop's.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace trot::host {

class TlsClient {
  public:
    // NULL with the reason in `why` when the authorities cannot be loaded.
    static std::unique_ptr<TlsClient> make(const std::string& ca_file, bool verify, std::string& why);
    // A new session towards that host; NULL when memory is short. The caller's.
    SSL* session(const std::string& host) const;

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace trot::host
