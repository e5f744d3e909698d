#include "egress/target_tls.h"

#include "crypto/hmac.h"

namespace trot {

TargetTls target_tls(const TargetOptions& options) {
    TargetTls out{options.ca_file, options.verify, {}, options.cert_file, options.key_file, options.key_passphrase, {}};
    for (const std::string& pin : options.pins) out.pins += (out.pins.empty() ? "" : ";") + pin;
    if (out.ca_file.empty() && out.verify && out.pins.empty() && out.cert_file.empty()) return out;
    // A digest: a passphrase is not copied into a table of names.
    const std::string_view zero("\0", 1);
    out.key = Hmac(Digest::sha256, "tls rules")
                  .sign({out.ca_file, zero, out.verify ? "1" : "0", zero, out.pins, zero, out.cert_file, zero,
                         out.key_file, zero, out.key_passphrase.reveal()});
    return out;
}

void set_tls(CURL* easy, const TargetTls& tls, const std::string& ca_file) {
    const auto text = [&](CURLoption option, std::string_view value) {
        // Empty takes back what was set before.
        curl_easy_setopt(easy, option, value.empty() ? nullptr : std::string(value).c_str());
    };
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
    text(CURLOPT_CAINFO, tls.ca_file.empty() ? ca_file : tls.ca_file);
    // Debian's path besides the file would make libcurl read 145 certificates anew for each connection: 21 ms of CPU.
    text(CURLOPT_CAPATH, {});
    // A session of before would stand for a key that is not asked for again.
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, tls.plain() ? 1L : 0L);
    text(CURLOPT_PINNEDPUBLICKEY, tls.pins);
    text(CURLOPT_SSLCERT, tls.cert_file);
    text(CURLOPT_SSLKEY, tls.key_file);
    text(CURLOPT_KEYPASSWD, tls.key_passphrase.reveal());
}

}  // namespace trot
