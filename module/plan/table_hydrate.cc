#include <fmt/format.h>

#include <algorithm>

#include "plan/hydrate_get.h"
#include "plan/secret_source.h"
#include "plan/tables.h"
#include "url/header.h"

namespace trot {

const KeyList& hydrate_keys() {
    static const KeyList keys{
        "hydrate", {"upstream", "headers", "ca_file", "verify", "timeout", "tries", "concurrency", "response_cap"}};
    return keys;
}

namespace {

class HeaderReader {
  public:
    HeaderReader(Report& report, std::vector<HydrateConfig::Header>& out) : report_(report), out_(out) {}

    void read(const RawMember& header) {
        if (const Result<void> name = check_name(header.name); !name) {
            report_.mistake(header.at, name.fault().text);
            return;
        }
        Secret value = value_of(header);
        if (value.empty()) return;  // said
        // Never the value itself: mistakes are shown and logged.
        if (!is_header_value(value.reveal()))
            report_.mistake(header.value.at, fmt::format("the value of header {} holds a line break or another control "
                                                         "byte",
                                                         header.name));
        else
            out_.push_back({header.name, std::move(value)});
    }

  private:
    Result<void> check_name(const std::string& name) const {
        const auto refuse = [](std::string why) { return Fault{Code::config, std::move(why)}; };
        if (!is_token(name))
            return refuse(
                fmt::format("header name {} is not a token; right are letters, digits and hyphens", quoted(name)));
        // The answer is taken as it comes: it must not be compressed, nor only a part of what is asked for.
        const bool ours = (is_reserved_header(name) && !equal_nocase(name, "host")) ||
                          equal_nocase(name, "accept-encoding") || equal_nocase(name, "range") ||
                          equal_nocase(name.substr(0, 3), "if-");
        if (ours) return refuse(fmt::format("header {} is set by Trotline itself, or would change the answer", name));
        const auto same = [&](const HydrateConfig::Header& other) { return equal_nocase(other.name, name); };
        if (std::any_of(out_.begin(), out_.end(), same))
            return refuse(fmt::format("header {} is there twice, remove one", name));
        return {};
    }

    Secret value_of(const RawMember& header) {
        const RawValue& value = header.value;
        if (value.kind == RawValue::Kind::table) {
            std::vector<Secret> secrets = read_secrets(value, report_);
            return secrets.empty() ? Secret() : std::move(secrets.front());
        }
        if (value.kind != RawValue::Kind::text) {
            wrong_type(value, header.name, "{ env = \"NAME\" }, { file = \"path\" } or a string", report_);
            return {};
        }
        if (value.text.empty()) report_.mistake(value.at, fmt::format("header {} has no value", header.name));
        if (names_a_credential(header.name))
            report_.warning(value.at, fmt::format("the value of {} stands in the file itself, {{ env = \"NAME\" }} or "
                                                  "{{ file = \"path\" }} keeps it out",
                                                  header.name));
        return Secret(value.text);
    }

    Report& report_;
    std::vector<HydrateConfig::Header>& out_;
};

void read_headers(const RawValue& headers, Report& report, std::vector<HydrateConfig::Header>& out) {
    if (headers.kind != RawValue::Kind::table) {
        wrong_type(headers, "headers", "a table like { Authorization = { env = \"NAME\" } }", report);
        return;
    }
    HeaderReader reader(report, out);
    for (const RawMember& header : headers.members) reader.read(header);
}

// Scheme, host and port, and perhaps a path that goes before each target: "http://127.0.0.1:8000/shop".
bool base_is_right(std::string_view url) {
    const size_t host = url.find("://");
    const size_t slash = host == std::string_view::npos ? host : url.find('/', host + 3);
    if (!upstream_is_right(url.substr(0, slash))) return false;
    if (slash == std::string_view::npos || slash + 1 == url.size()) return true;
    return url.find('?') == std::string_view::npos && check_origin_form(url.substr(slash)).ok();
}

void read_upstream(Section& section, const StandaloneConfig& standalone, HydrateConfig& out) {
    if (section.find("upstream") == nullptr) {
        out.upstream = standalone.upstream;
        out.ca_file = standalone.upstream_ca_file;
        out.verify = standalone.upstream_verify;
        if (out.upstream.empty())
            section.report().mistake(section.at(),
                                     "[hydrate] has no 'upstream', and there is none in [standalone]: add "
                                     "one like upstream = \"http://127.0.0.1:8000\"");
    }
    if (section.text("upstream", out.upstream) && !base_is_right(out.upstream))
        section.report().mistake(
            section.find("upstream")->at,
            fmt::format("'upstream' is {}, it must be scheme, host and port like "
                        "\"http://127.0.0.1:8000\", and perhaps a path that goes before all others",
                        quoted(out.upstream)));
    while (!out.upstream.empty() && out.upstream.back() == '/') out.upstream.pop_back();
}

}  // namespace

void read_hydrate(const RawValue* table, Loading& load, const StandaloneConfig& standalone, HydrateConfig& out) {
    const RawValue none;
    Section section(table != nullptr ? *table : none, hydrate_keys(), load.report, &load.settings);
    if (table != nullptr) {
        read_upstream(section, standalone, out);
        if (const RawValue* headers = section.find("headers")) read_headers(*headers, load.report, out.headers);
    }
    if (section.text("ca_file", out.ca_file))
        out.ca_file = load.report.beside(section.find("ca_file")->at, out.ca_file);
    section.flag("verify", out.verify);
    section.duration("timeout", out.timeout_ms, 100, 30000);
    section.number("tries", out.tries, 1, 10);
    section.number("concurrency", out.concurrency, 1, 64);
    section.size("response_cap", out.response_cap, 1024, 16ULL << 20);
}

}  // namespace trot
