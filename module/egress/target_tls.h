// TLS of one target as libcurl's options: TLS 1.2 and newer, the authorities, pins and client certificate of its rules.
// Callers: egress/curl, egress/attempt, egress/probe. Threads: pure; set_tls where the handle is.
#pragma once

#include <curl/curl.h>

#include <string>

#include "egress/transport.h"

namespace trot {

inline constexpr const char* system_bundle = "/etc/ssl/certs/ca-certificates.crt";

struct TargetTls {
    std::string ca_file;  // "" the transport's
    bool verify = true;
    std::string pins;  // "sha256//…;sha256//…"
    std::string cert_file, key_file;
    Secret key_passphrase;
    std::string key;  // the same for the same rules; "" when there are none
    bool plain() const { return key.empty(); }
};

TargetTls target_tls(const TargetOptions& options);

// All that a handle knows of TLS, so that nothing of the target before stays.
void set_tls(CURL* easy, const TargetTls& tls, const std::string& ca_file);

}  // namespace trot
