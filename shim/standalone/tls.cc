#include "shim/standalone/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace trot::host {
namespace {

bool is_address(const std::string& host) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::string last_error() {
    const unsigned long error = ERR_get_error();
    const char* text = error != 0 ? ERR_reason_error_string(error) : nullptr;
    ERR_clear_error();
    return text != nullptr ? text : "unknown TLS error";
}

}  // namespace

std::unique_ptr<TlsClient> TlsClient::make(const std::string& ca_file, bool verify, std::string& why) {
    auto tls = std::make_unique<TlsClient>();
    tls->context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = tls->context_.get();
    static const unsigned char alpn[] = "\x08http/1.1";
    if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) != 0) {
        why = last_error();
        return nullptr;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (verify) {
        const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                           : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
        if (loaded != 1) {
            why = (ca_file.empty() ? std::string("the system's authorities") : ca_file) + ": " + last_error();
            return nullptr;
        }
    }
    return tls;
}

SSL* TlsClient::session(const std::string& host) const {
    SSL* ssl = SSL_new(context_.get());
    if (ssl == nullptr) return nullptr;
    bool fine = true;
    if (is_address(host)) {
        fine = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    } else {
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        fine = SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
    }
    if (fine) return ssl;
    SSL_free(ssl);
    return nullptr;
}

}  // namespace trot::host
