// TLS for the transport's tests: certificates made on the spot with OpenSSL, and a server's side of a connection.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/unit/egress/server.h"

namespace tls {

struct Free {
    void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
    void operator()(X509* one) const { X509_free(one); }
    void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
    void operator()(SSL* one) const { SSL_free(one); }
};

struct Identity {
    std::unique_ptr<EVP_PKEY, Free> key;
    std::unique_ptr<X509, Free> certificate;
};

struct Wanted {
    const char* name = "IP:127.0.0.1";  // subjectAltName
    long starts_s = -3600;
    long ends_s = 3600;
    bool ca = false;
    const char* subject = nullptr;  // "test CA" or "test"
};

inline void extend(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (extension == nullptr) abort();
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself when that is null.
inline Identity make(const Wanted& wanted, const Identity* issuer = nullptr) {
    static long serial = 1;
    Identity out;
    out.key.reset(EVP_EC_gen("P-256"));
    out.certificate.reset(X509_new());
    X509* one = out.certificate.get();
    X509_set_version(one, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one), serial++);
    X509_gmtime_adj(X509_getm_notBefore(one), wanted.starts_s);
    X509_gmtime_adj(X509_getm_notAfter(one), wanted.ends_s);
    X509_set_pubkey(one, out.key.get());
    const char* name = wanted.subject != nullptr ? wanted.subject : (wanted.ca ? "test CA" : "test");
    X509_NAME* subject = X509_get_subject_name(one);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(one, issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : subject);
    extend(one, NID_basic_constraints, wanted.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wanted.ca) extend(one, NID_subject_alt_name, wanted.name);
    if (X509_sign(one, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256()) == 0) abort();
    return out;
}

inline std::string drained(BIO* memory) {
    char* at = nullptr;
    const long length = BIO_get_mem_data(memory, &at);
    std::string out(at, static_cast<size_t>(length));
    BIO_free(memory);
    return out;
}

inline std::string pem_of(const Identity& identity) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, identity.certificate.get());
    return drained(memory);
}

// Encrypted when there is a passphrase.
inline std::string key_of(const Identity& identity, const char* passphrase = nullptr) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(memory, identity.key.get(), passphrase != nullptr ? EVP_aes_128_cbc() : nullptr,
                                  nullptr, 0, nullptr, const_cast<char*>(passphrase));
    return drained(memory);
}

// A file in a directory of its own, gone with the object.
class Folder {
  public:
    Folder() {
        if (mkdtemp(path_.data()) == nullptr) abort();
    }
    ~Folder() {
        const std::string remove = "rm -r '" + path_ + "'";
        if (system(remove.c_str()) != 0) abort();
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file(const char* name) const { return path_ + "/" + name; }
    std::string pem(const char* name, const Identity& identity) const { return put(name, pem_of(identity)); }
    std::string key(const char* name, const Identity& identity) const { return put(name, key_of(identity)); }
    std::string put(const char* name, const std::string& content) const {
        std::unique_ptr<FILE, int (*)(FILE*)> out(fopen(file(name).c_str(), "w"), fclose);
        fwrite(content.data(), 1, content.size(), out.get());
        return file(name);
    }

  private:
    std::string path_ = "/tmp/trotline-tls-XXXXXX";
};

inline std::shared_ptr<SSL_CTX> server_context(const Identity& identity, int newest = 0) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), Free());
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    if (newest != 0) {
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), newest);
        SSL_CTX_set_max_proto_version(context.get(), newest);
    }
    return context;
}

// Offers h2 before http/1.1 and notes what the client chose from.
inline int on_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* length, const unsigned char* in,
                   unsigned size, void* note) {
    static_cast<std::string*>(note)->assign(reinterpret_cast<const char*>(in), size);
    static const unsigned char offer[] = "\x02h2\x08http/1.1";
    return SSL_select_next_proto(const_cast<unsigned char**>(out), length, offer, sizeof offer - 1, in, size) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

// Answers requests of up to one read each.
inline server::Script always(std::shared_ptr<SSL_CTX> context, std::string answer) {
    return [context, answer](server::Peer& peer) {
        std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
        SSL_set_fd(ssl.get(), peer.fd());
        if (SSL_accept(ssl.get()) != 1) return;
        char buffer[16384];
        while (SSL_read(ssl.get(), buffer, sizeof buffer) > 0)
            if (SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size())) <= 0) return;
    };
}

}  // namespace tls
