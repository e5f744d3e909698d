#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

#include "crypto/hmac.h"

namespace trot {
namespace {

struct Free {
    void operator()(FILE* one) const { fclose(one); }
    void operator()(X509* one) const { X509_free(one); }
    void operator()(BIO* one) const { BIO_free(one); }
    void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
};
using File = std::unique_ptr<FILE, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

// What OpenSSL notes of a refusal belongs to nobody's later call.
struct ForgetErrors {
    ~ForgetErrors() { ERR_clear_error(); }
};

Fault wrong(const std::string& path, const std::string& what) {
    return {Code::config, "file \"" + path + "\" " + what};
}

Result<File> open_file(const std::string& path) {
    File file(fopen(path.c_str(), "re"));
    if (!file) return Fault{Code::config, "file \"" + path + "\" cannot be read: " + std::strerror(errno)};
    return Result<File>(std::move(file));
}

Result<Certificate> read_first(const std::string& path) {
    const ForgetErrors forget;
    Result<File> file = open_file(path);
    if (!file) return file.fault();
    Certificate out(PEM_read_X509(file.value().get(), nullptr, nullptr, nullptr));
    if (!out) return wrong(path, "holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
    return Result<Certificate>(std::move(out));
}

int64_t seconds_of(const ASN1_TIME* time) {
    tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(timegm(&parts)) : 0;
}

CertificateTerm term_of(const X509* one) {
    return {seconds_of(X509_get0_notBefore(one)), seconds_of(X509_get0_notAfter(one))};
}

struct Asked {
    std::string_view passphrase;
    bool asked = false;
};

int give_passphrase(char* into, int room, int /*writing*/, void* given) {
    auto* asked = static_cast<Asked*>(given);
    asked->asked = true;
    if (asked->passphrase.empty() || asked->passphrase.size() > static_cast<size_t>(room)) return -1;
    memcpy(into, asked->passphrase.data(), asked->passphrase.size());
    return static_cast<int>(asked->passphrase.size());
}

}  // namespace

Result<size_t> count_authorities(const std::string& path) {
    const ForgetErrors forget;
    Result<File> file = open_file(path);
    if (!file) return file.fault();
    size_t count = 0;
    while (Certificate(PEM_read_X509_AUX(file.value().get(), nullptr, nullptr, nullptr))) ++count;
    if (count == 0) return wrong(path, "holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
    return count;
}

Result<CertificateTerm> certificate_term(const std::string& path) {
    const Result<Certificate> read = read_first(path);
    if (!read) return read.fault();
    return term_of(read.value().get());
}

Result<ShownCertificate> read_shown(std::string_view pem) {
    const ForgetErrors forget;
    const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const Certificate one(text ? PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!one) return Fault{Code::damaged, "the server's certificate cannot be read"};
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one.get()), &der);
    if (length <= 0) return Fault{Code::damaged, "the server's public key cannot be read"};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(der, static_cast<size_t>(length), digest);
    OPENSSL_free(der);
    return ShownCertificate{term_of(one.get()),
                            "sha256//" + base64({reinterpret_cast<const char*>(digest), sizeof digest})};
}

Result<void> check_key(const std::string& cert_path, const std::string& key_path, const Secret& passphrase) {
    const Result<Certificate> certificate = read_first(cert_path);
    if (!certificate) return certificate.fault();
    const ForgetErrors forget;
    const Result<File> file = open_file(key_path);
    if (!file) return file.fault();
    Asked asked{passphrase.reveal()};
    const Key key(PEM_read_PrivateKey(file.value().get(), nullptr, give_passphrase, &asked));
    if (!key && asked.asked)
        return wrong(key_path, passphrase.empty() ? "is encrypted, its key needs a passphrase"
                                                  : "is encrypted, and the passphrase does not open it");
    if (!key) return wrong(key_path, "holds no private key in PEM (\"-----BEGIN PRIVATE KEY-----\")");
    if (X509_check_private_key(certificate.value().get(), key.get()) != 1)
        return wrong(key_path, "holds a key that does not belong to the certificate in \"" + cert_path + "\"");
    return {};
}

}  // namespace trot
