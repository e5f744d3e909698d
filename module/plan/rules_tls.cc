// [delivery.tls] and [subscription.tls]: a private authority, pinned keys, a client certificate. The files are looked
// at when the configuration is loaded, so that a wrong one is told then and not by the first delivery.
#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>

#include "crypto/certificate.h"
#include "crypto/hmac.h"
#include "plan/delivery_rules.h"
#include "plan/secret_source.h"

namespace trot {

const KeyList& tls_keys() {
    static const KeyList keys{"delivery.tls", {"ca_file", "pins", "cert_file", "key_file", "key_passphrase"}};
    return keys;
}

namespace {

constexpr std::string_view pin_prefix = "sha256//";
constexpr size_t sha256_bytes = 32;
constexpr size_t most_pins = 16;
constexpr int64_t soon_s = 14LL * 24 * 3600;

bool pin_is_right(const std::string& pin) {
    if (pin.substr(0, pin_prefix.size()) != pin_prefix) return false;
    const Result<std::string> bytes = unbase64(std::string_view(pin).substr(pin_prefix.size()));
    return bytes && bytes.value().size() == sha256_bytes;
}

std::string date_of(int64_t at_s) {
    const time_t when = at_s;
    tm parts{};
    gmtime_r(&when, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

class TlsReader {
  public:
    TlsReader(const RawValue& table, Loading& load, TlsRules& out)
        : section_(table, tls_keys(), load.report, nullptr), report_(load.report), out_(out), again_(load.again) {}

    void read() {
        file("ca_file", out_.ca_file);
        if (!out_.ca_file.empty() && section_.find("ca_file") != nullptr && !again_) check_authorities();
        if (section_.texts("pins", out_.pins)) check_pins();
        file("cert_file", out_.cert_file);
        file("key_file", out_.key_file);
        if (const RawValue* given = section_.find("key_passphrase"))
            out_.key_passphrase = read_one_secret(*given, "key_passphrase", report_);
        if (!again_) check_identity();
    }

  private:
    // "" takes back what [delivery.tls] says.
    void file(std::string_view key, std::string& out) {
        if (section_.text(key, out)) out = report_.beside(section_.find(key)->at, out);
    }

    const Mark& at(std::string_view key) const {
        const RawValue* value = section_.find(key);
        return value != nullptr ? value->at : section_.at();
    }

    void check_authorities() {
        if (const Result<size_t> count = count_authorities(out_.ca_file); !count)
            report_.mistake(at("ca_file"), fmt::format("'ca_file': {}", count.fault().text));
    }

    void check_pins() {
        if (out_.pins.size() > most_pins)
            report_.mistake(at("pins"), fmt::format("'pins' has {}, at most are {}", out_.pins.size(), most_pins));
        for (const std::string& pin : out_.pins)
            if (!pin_is_right(pin))
                report_.mistake(at("pins"), fmt::format("pin {} is wrong, it must be \"sha256//\" and the base64 of "
                                                        "the SHA-256 of the server's public key (44 characters)",
                                                        quoted(pin)));
    }

    // Both or neither: a file may not have the certificate of one and the key of another.
    void check_identity() {
        if (section_.find("cert_file") == nullptr && section_.find("key_file") == nullptr &&
            section_.find("key_passphrase") == nullptr)
            return;
        if (out_.cert_file.empty() && out_.key_file.empty()) return;
        if (out_.cert_file.empty() || out_.key_file.empty()) {
            const std::string_view there = out_.cert_file.empty() ? "key_file" : "cert_file";
            report_.mistake(at(there), fmt::format("'{}' is there without '{}', a client certificate needs both "
                                                   "(they may be the same file)",
                                                   there, out_.cert_file.empty() ? "cert_file" : "key_file"));
            return;
        }
        const Result<CertificateTerm> term = certificate_term(out_.cert_file);
        if (!term) {
            report_.mistake(at("cert_file"), fmt::format("'cert_file': {}", term.fault().text));
            return;
        }
        warn_term(term.value());
        if (const Result<void> fits = check_key(out_.cert_file, out_.key_file, out_.key_passphrase); !fits)
            report_.mistake(at("key_file"), fmt::format("'key_file': {}", fits.fault().text));
        warn_readable();
    }

    void warn_term(const CertificateTerm& term) {
        const int64_t now = static_cast<int64_t>(time(nullptr));
        if (term.ends_s <= now)
            report_.warning(at("cert_file"),
                            fmt::format("the client certificate {} expired on {}, endpoints will refuse it; renew it",
                                        quoted(out_.cert_file), date_of(term.ends_s)));
        else if (term.ends_s - now < soon_s)
            report_.warning(at("cert_file"), fmt::format("the client certificate {} expires on {}, renew it soon",
                                                         quoted(out_.cert_file), date_of(term.ends_s)));
        else if (term.starts_s > now)
            report_.warning(at("cert_file"), fmt::format("the client certificate {} is not valid before {}",
                                                         quoted(out_.cert_file), date_of(term.starts_s)));
    }

    void warn_readable() {
        struct stat info {};
        if (stat(out_.key_file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
            (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
            report_.warning(at("key_file"), fmt::format("key file {} can be read by others (mode {:04o}), run: chmod "
                                                        "600 {}",
                                                        quoted(out_.key_file), info.st_mode & 07777, out_.key_file));
    }

    Section section_;
    Report& report_;
    TlsRules& out_;
    bool again_;
};

void read(Section& section, Loading& load, Subscription& out) {
    const RawValue* table = section.find("tls");
    if (table == nullptr) return;
    if (table->kind != RawValue::Kind::table) {
        wrong_type(*table, "tls", "a table like { ca_file = \"ca.pem\" }", load.report);
        return;
    }
    TlsReader(*table, load, out.tls).read();
}

}  // namespace

const RuleGroup& tls_rules() {
    static const RuleGroup group{{"tls"}, read};
    return group;
}

}  // namespace trot
