#include <arpa/inet.h>
#include <fmt/format.h>

#include "plan/secret_source.h"
#include "plan/tables.h"

namespace trot {

const KeyList& admin_keys() {
    static const KeyList keys{"admin", {"listen", "token_file"}};
    return keys;
}

Result<void> check_listen(std::string_view text) {
    const Fault wrong{Code::config,
                      "it must be address and port like \"127.0.0.1:8080\" or \"[::1]:8080\", or \"unix:/run/x\""};
    if (text.substr(0, 5) == "unix:") {
        // sun_path holds 108 bytes with the closing NUL.
        if (text.size() < 7 || text[5] != '/' || text.size() - 5 > 107) return wrong;
        return {};
    }
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong;
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return wrong;
    if (std::stoi(std::string(port)) > 65535) return wrong;
    std::string host(text.substr(0, colon));
    unsigned char bytes[16];
    if (host == "localhost") return {};
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, host.c_str(), bytes) == 1) return {};
        return wrong;
    }
    if (inet_pton(AF_INET, host.c_str(), bytes) != 1) return wrong;
    return {};
}

void read_admin(const RawValue& table, Loading& load, AdminConfig& out) {
    Section section(table, admin_keys(), load.report, &load.settings);
    if (section.text("listen", out.listen)) {
        if (const Result<void> checked = check_listen(out.listen); !checked)
            load.report.mistake(section.find("listen")->at,
                                fmt::format("'listen' is {}, {}", quoted(out.listen), checked.fault().text));
    }
    std::string file;
    section.text("token_file", file);
    const RawValue* token = section.find("token_file");
    if (!file.empty()) out.token = read_secret_file(file, token->at, load.report);
    if (!file.empty() && !out.token.empty() && out.token.reveal().size() < 16)
        load.report.mistake(token->at,
                            "the token in 'token_file' is shorter than 16 bytes, make one with: openssl rand -hex 32");
    if (!out.listen.empty() && file.empty())
        load.report.mistake(section.find("listen")->at,
                            "[admin] listens without a token, add token_file = \"/etc/trotline/admin.token\"");
}

}  // namespace trot
