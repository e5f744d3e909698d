#include <fmt/format.h>

#include "plan/tables.h"
#include "plan/units.h"

namespace trot {

const KeyList& standalone_keys() {
    static const KeyList keys{"standalone",
                              {"listen",
                               "upstream",
                               "upstream_ca_file",
                               "upstream_verify",
                               "access_log",
                               "error_log",
                               "header_bytes",
                               "header_count",
                               "uri_bytes",
                               "body_bytes",
                               "header_timeout",
                               "keepalive_timeout",
                               "body_min_rate",
                               "upstream_connect_timeout",
                               "upstream_timeout",
                               "upstream_connections",
                               "client_connections",
                               "stop_timeout",
                               "drain_timeout",
                               "trust_forwarded"}};
    return keys;
}

// http://host[:port] or https://host[:port], nothing behind: the path that goes up is the client's.
bool upstream_is_right(std::string_view url) {
    const size_t scheme = url.substr(0, 7) == "http://" ? 7 : url.substr(0, 8) == "https://" ? 8 : 0;
    if (scheme == 0) return false;
    std::string_view authority = url.substr(scheme);
    if (!authority.empty() && authority.back() == '/') authority.remove_suffix(1);
    for (const char c : authority)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return false;
    if (authority.empty() || authority.find_first_of("/?#@\\%") != std::string_view::npos) return false;
    const size_t bracket = authority.rfind(']');
    const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon == 0) return false;
    if (colon == std::string_view::npos) return true;
    const std::string_view port = authority.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
    const int number = std::stoi(std::string(port));
    return number > 0 && number < 65536;
}

namespace {

constexpr uint64_t mib = 1ULL << 20;

void read_front(Section& section, Report& report, StandaloneConfig& out) {
    section.texts("listen", out.listen);
    for (const std::string& listen : out.listen)
        if (const Result<void> checked = check_listen(listen); !checked)
            report.mistake(section.find("listen")->at,
                           fmt::format("'listen' has {}, {}", quoted(listen), checked.fault().text));
    if (section.text("upstream", out.upstream)) {
        if (!upstream_is_right(out.upstream))
            report.mistake(section.find("upstream")->at,
                           fmt::format("'upstream' is {}, it must be scheme, host and port like "
                                       "\"http://127.0.0.1:8000\"",
                                       quoted(out.upstream)));
    }
    for (const auto& [key, file] : {std::pair("upstream_ca_file", &out.upstream_ca_file),
                                    std::pair("access_log", &out.access_log), std::pair("error_log", &out.error_log)})
        section.text(key, *file);
}

}  // namespace

void read_standalone(const RawValue& table, Loading& load, StandaloneConfig& out) {
    Section section(table, standalone_keys(), load.report, &load.settings);
    read_front(section, load.report, out);
    section.flag("upstream_verify", out.upstream_verify);
    section.size("header_bytes", out.header_bytes, 1024, mib);
    section.number("header_count", out.header_count, 1, 10000);
    section.size("uri_bytes", out.uri_bytes, 256, mib);
    section.size("body_bytes", out.body_bytes, 0, 1ULL << 50);
    section.duration("header_timeout", out.header_timeout_ms, 100, hour_ms);
    section.duration("keepalive_timeout", out.keepalive_timeout_ms, 0, 24 * hour_ms);
    section.size("body_min_rate", out.body_min_rate, 0, 1ULL << 30);
    section.duration("upstream_connect_timeout", out.upstream_connect_timeout_ms, 10, hour_ms);
    section.duration("upstream_timeout", out.upstream_timeout_ms, 100, 24 * hour_ms);
    section.number("upstream_connections", out.upstream_connections, 0, 65536);
    section.number("client_connections", out.client_connections, 1, 1000000);
    section.duration("stop_timeout", out.stop_timeout_ms, 0, hour_ms);
    section.duration("drain_timeout", out.drain_timeout_ms, 0, 24 * hour_ms);
    section.flag("trust_forwarded", out.trust_forwarded);
}

}  // namespace trot
