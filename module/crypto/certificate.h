// Certificates and keys in PEM files: can they be used, do they belong together, until when? For checks of a
// configuration; what connections use is read by libcurl itself, anew for each. Callers: plan, egress/probe. Threads:
// any; reads files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace trot {

// Whom a file of authorities makes us trust: how many certificates it holds. Fault{Code::config, why}.
Result<size_t> count_authorities(const std::string& path);

struct CertificateTerm {
    int64_t starts_s = 0, ends_s = 0;  // Unix seconds
};
// The first certificate of a file: the client's own, its chain behind it.
Result<CertificateTerm> certificate_term(const std::string& path);

// A certificate in PEM that a server has shown.
struct ShownCertificate {
    CertificateTerm term;
    std::string pin;  // "sha256//…" of its public key
};
Result<ShownCertificate> read_shown(std::string_view pem);

// Does the key open, and is it the certificate's? The fault never holds anything of either.
Result<void> check_key(const std::string& cert_path, const std::string& key_path, const Secret& passphrase);

}  // namespace trot
