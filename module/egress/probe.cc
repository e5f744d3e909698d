#include "egress/probe.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "crypto/certificate.h"
#include "egress/address.h"
#include "egress/hardening.h"
#include "egress/target_tls.h"

namespace trot {
namespace {

constexpr size_t most_addresses = 8;  // as a delivery tries
constexpr int alert_ms = 300;         // for a server that refuses the client only after the handshake
constexpr int64_t day_s = 24LL * 3600;
constexpr int64_t soon_days = 14;

struct FreeHandle {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

class Probe {
  public:
    Probe(const TargetOptions& options, const Guard& guard, const std::string& ca_file, std::string_view place,
          int64_t now_s)
        : options_(options), guard_(guard), ca_file_(ca_file), place_(place), now_s_(now_s), easy_(curl_easy_init()) {}

    ProbeFinding run() {
        if (!easy_) return {false, "not enough memory to look", "", ""};
        prepare();
        dry_ = true;
        const CURLcode looked = curl_easy_perform(easy_.get());
        if (addresses_.empty()) return no_address(looked);
        for (const Address& address : addresses_)
            if (const GuardVerdict verdict = judge(address); !verdict.allowed) return forbidden(address, verdict);
        dry_ = false;
        error_[0] = '\0';
        const CURLcode code = curl_easy_perform(easy_.get());
        return code == CURLE_OK ? connected() : failed(code);
    }

  private:
    void prepare() {
        const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_.get(), option, value); };
        harden(easy_.get());
        const TargetTls tls = target_tls(options_);
        set_tls(easy_.get(), tls, ca_file_.empty() ? std::string(system_bundle) : ca_file_);
        set(CURLOPT_URL, options_.url.text.c_str());
        set(CURLOPT_ERRORBUFFER, error_);
        set(CURLOPT_CONNECT_ONLY, 1L);
        set(CURLOPT_CERTINFO, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
        set(CURLOPT_OPENSOCKETFUNCTION, on_open);
        set(CURLOPT_OPENSOCKETDATA, this);
        set(CURLOPT_SSL_CTX_FUNCTION, on_context);
        set(CURLOPT_SSL_CTX_DATA, this);
    }

    // libcurl forgets the session with the end of the transfer: its version is noted when the handshake is done.
    static CURLcode on_context(CURL* /*easy*/, void* context, void* self) {
        SSL_CTX_set_app_data(static_cast<SSL_CTX*>(context), self);
        SSL_CTX_set_info_callback(static_cast<SSL_CTX*>(context), [](const SSL* ssl, int where, int /*code*/) {
            auto* probe = static_cast<Probe*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
            probe->connected_ = true;
            if ((where & SSL_CB_HANDSHAKE_DONE) != 0) probe->version_ = SSL_get_version(ssl);
        });
        return CURLE_OK;
    }

    GuardVerdict judge(const Address& address) const {
        if (options_.upstream) return {true, "the upstream"};
        const sockaddr_storage one = sockaddr_of(address);
        return guard_.judge(reinterpret_cast<const sockaddr*>(&one), sizeof one, options_.allow);
    }

    // First only asked what the name's addresses are; then each is judged again, as it is connected.
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* given) {
        auto* probe = static_cast<Probe*>(self);
        const std::optional<Address> address = address_of(&given->addr, given->addrlen);
        if (purpose != CURLSOCKTYPE_IPCXN || !address) return CURL_SOCKET_BAD;
        if (probe->dry_) {
            if (probe->addresses_.size() < most_addresses) probe->addresses_.push_back(*address);
            return CURL_SOCKET_BAD;
        }
        if (!probe->judge(*address).allowed) return CURL_SOCKET_BAD;
        return socket(given->family, given->socktype | SOCK_CLOEXEC, given->protocol);
    }

    std::string waited() const { return std::to_string(options_.connect_timeout_ms) + " ms"; }

    ProbeFinding no_address(CURLcode code) const {
        if (code == CURLE_OPERATION_TIMEDOUT)
            return {false, "the name " + options_.url.host + " was not resolved within " + waited(),
                    "a name server that answers, or a longer connect_timeout", ""};
        return {false, "the name " + options_.url.host + " does not resolve", "a name that DNS knows from this machine",
                ""};
    }

    ProbeFinding forbidden(const Address& address, const GuardVerdict& verdict) const {
        return {false, "the address " + text_of(address) + " is refused: " + verdict.why,
                remedy(address, verdict, place_), ""};
    }

    std::string peer() const {
        char* address = nullptr;
        long port = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &address);
        curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_PORT, &port);
        if (address == nullptr || *address == '\0') return options_.url.host + ":" + std::to_string(options_.url.port);
        const bool six = strchr(address, ':') != nullptr;
        return (six ? "[" : "") + std::string(address) + (six ? "]:" : ":") + std::to_string(port);
    }

    std::optional<ShownCertificate> shown() const {
        curl_certinfo* chain = nullptr;
        if (curl_easy_getinfo(easy_.get(), CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
            chain->num_of_certs < 1)
            return std::nullopt;
        for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
            if (strncmp(line->data, "Cert:", 5) != 0) continue;
            if (Result<ShownCertificate> read = read_shown(line->data + 5)) return std::move(read).value();
        }
        return std::nullopt;
    }

    ProbeFinding failed(CURLcode code) const {
        const std::string said = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
        switch (code) {
            case CURLE_OPERATION_TIMEDOUT:
                if (connected_)
                    return {false, peer() + " takes the connection, but TLS is not ready within " + waited(),
                            "an endpoint that speaks TLS on this port, or a longer connect_timeout", ""};
                return {false, "no connection to " + options_.url.host + " within " + waited(),
                        "an endpoint that listens and a firewall that lets us through, or a longer connect_timeout",
                        ""};
            case CURLE_COULDNT_CONNECT:
                return {false, said, "an endpoint that listens there, or another port in the url", ""};
            case CURLE_PEER_FAILED_VERIFICATION:
                return unverified(said);
            case CURLE_SSL_PINNEDPUBKEYNOTMATCH: {
                const std::optional<ShownCertificate> certificate = shown();
                return {false, "the server's public key is none of 'pins'",
                        certificate ? "\"" + certificate->pin + "\", if this server is the right one"
                                    : "the pin of the server's key",
                        ""};
            }
            case CURLE_SSL_CERTPROBLEM:
                return {false, "our client certificate cannot be used: " + said, "cert_file and key_file that fit", ""};
            case CURLE_SSL_CACERT_BADFILE:
                return {false, "the ca_file cannot be used: " + said, "a PEM file of certificates", ""};
            default:
                return {false, "no TLS connection: " + said, "an endpoint that speaks TLS 1.2 or newer on this port",
                        ""};
        }
    }

    static ProbeFinding unverified(const std::string& said) {
        const auto has = [&](const char* part) { return said.find(part) != std::string::npos; };
        ProbeFinding out{false, said, "", ""};
        if (has("expired"))
            out.right = "a new certificate at the endpoint";
        else if (has("not yet valid"))
            out.right = "a certificate that is valid now, or a clock that is right";
        else if (has("subject name") || has("does not match"))
            out.right = "a certificate for the host in the url, or the host that it names";
        else
            out.right =
                "an endpoint that sends its whole chain of a known authority, or [subscription.tls] ca_file with its "
                "own";
        return out;
    }

    // A server that wants a client certificate tells with TLS 1.3 only when we would already send.
    std::string late_alert() {
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd);
        for (int waited = 0; fd != CURL_SOCKET_BAD && waited < alert_ms; waited += 50) {
            pollfd one{fd, POLLIN, 0};
            if (poll(&one, 1, 50) <= 0) continue;
            char byte = 0;
            size_t got = 0;
            const CURLcode code = curl_easy_recv(easy_.get(), &byte, 1, &got);
            if (code == CURLE_AGAIN) continue;
            if (code != CURLE_OK && strstr(error_, " alert ") != nullptr) return error_;
            return code != CURLE_OK || got == 0 ? "without a word" : "";
        }
        return "";
    }

    ProbeFinding connected() {
        ProbeFinding out{true, peer(), "", ""};
        if (!options_.url.https) {
            out.says += ", plain HTTP";
            return out;
        }
        if (version_ != nullptr) out.says += std::string(", ") + version_;
        if (const std::optional<ShownCertificate> certificate = shown()) {
            const int64_t days = (certificate->term.ends_s - now_s_) / day_s;
            out.says += ", certificate for " + std::to_string(days) + (days == 1 ? " day" : " days");
            if (days < soon_days) out.warning = "renew the endpoint's certificate soon";
        }
        if (const std::string alert = late_alert(); !alert.empty())
            return {false, "the endpoint ends the connection after the handshake: " + alert,
                    options_.cert_file.empty() ? "a client certificate: [subscription.tls] cert_file and key_file"
                                               : "a client certificate that the endpoint takes",
                    ""};
        return out;
    }

    const TargetOptions& options_;
    const Guard& guard_;
    const std::string& ca_file_;
    std::string_view place_;
    int64_t now_s_;
    bool dry_ = true;
    std::vector<Address> addresses_;
    bool connected_ = false;         // TLS has begun, and perhaps no more
    const char* version_ = nullptr;  // of TLS
    char error_[CURL_ERROR_SIZE] = {};
    std::unique_ptr<CURL, FreeHandle> easy_;
};

}  // namespace

ProbeFinding probe(const TargetOptions& options, const Guard& guard, const std::string& ca_file, std::string_view place,
                   int64_t now_s) {
    if (!start_curl()) return {false, "libcurl does not start", "", ""};
    return Probe(options, guard, ca_file, place, now_s).run();
}

}  // namespace trot
