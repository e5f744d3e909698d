#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "plan/delivery_rules.h"
#include "plan/format_options.h"
#include "plan/hydrate_get.h"
#include "plan/secret_source.h"
#include "plan/tables.h"

namespace trot {

const KeyList& api_keys() {
    static const KeyList keys{"api[]",
                              {"name", "dialect", "prefix", "hosts", "tenant", "behind_tls", "options", "allow",
                               "headers", "basic_auth", "bearer", "oauth", "only", "most", "key"}};
    return keys;
}

const KeyList& api_key_keys() {
    static const KeyList keys{"api[].key[]", {"name", "id", "secret", "permission"}};
    return keys;
}

namespace {

// What the two halves of a credential are called, and whether there are two.
struct Halves {
    std::string_view dialect;
    bool id_needed;
    bool tenant_needed;
    std::string_view tenant;  // what it is there
};
constexpr Halves halves[] = {{"woocommerce", true, false, ""},
                             {"cosmic", false, true, "the bucket's slug"},
                             {"shareactor", true, true, "the company's id, 24 hex digits"},
                             {"datocms", false, false, "the site's id"},
                             {"cockpit", false, false, ""}};

class ApiReader {
  public:
    ApiReader(const RawValue& table, Loading& load, ApiConfig& out)
        : section_(table, api_keys(), load.report, nullptr), load_(load), report_(load.report), out_(out) {}

    void read() {
        read_name();
        read_dialect();
        read_prefix();
        section_.texts("hosts", out_.hosts);
        for (std::string& host : out_.hosts) host = lower(host);
        section_.text("tenant", out_.tenant);
        section_.flag("behind_tls", out_.behind_tls);
        if (const RawValue* options = section_.find("options"))
            out_.options =
                read_format_options(*options, out_.dialect,
                                    load_.words.options ? load_.words.options(out_.dialect) : std::vector<OptionRule>(),
                                    OptionRule::Writer::apis, report_);
        read_networks(section_, "allow", out_.allow);
        read_auth();
        if (const RawValue* only = section_.find("only")) read_only(*only);
        // Cosmic's webhooks see their own bucket's events, and those that belong to none (other dialects' hooks).
        if (out_.dialect == "cosmic" && out_.only.empty()) out_.only.push_back({"context:bucket", {out_.tenant}, true});
        section_.number("most", out_.most, 1, 1000000);
        read_keys();
        if (words_ != nullptr && words_->tenant_needed && out_.tenant.empty())
            report_.mistake(section_.at(), fmt::format("this API needs a 'tenant': {}", words_->tenant));
    }

  private:
    // It names the origin of subscriptions in the store and in logs.
    void read_name() {
        const RawValue* name = section_.find("name");
        if (name == nullptr) {
            report_.mistake(section_.at(), "the API has no 'name', add one like name = \"shop\"");
            return;
        }
        if (!section_.text("name", out_.name)) return;
        const bool right = !out_.name.empty() && out_.name.size() <= 64 &&
                           std::all_of(out_.name.begin(), out_.name.end(), [](unsigned char c) {
                               return (std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
                           });
        if (!right)
            report_.mistake(name->at,
                            "'name' must be 1 to 64 letters, digits, hyphens, dots or underscores, like \"shop\"");
    }

    void read_dialect() {
        std::vector<std::string_view> names;
        for (const Halves& one : halves) names.push_back(one.dialect);
        if (section_.find("dialect") == nullptr)
            report_.mistake(section_.at(), "the API has no 'dialect', add one like dialect = \"woocommerce\"");
        section_.choice("dialect", out_.dialect, names);
        for (const Halves& one : halves)
            if (one.dialect == out_.dialect) words_ = &one;
    }

    void read_prefix() {
        if (!section_.text("prefix", out_.prefix)) return;
        while (!out_.prefix.empty() && out_.prefix.back() == '/') out_.prefix.pop_back();
        if (out_.prefix.empty()) return;
        if (out_.prefix.find('?') != std::string::npos || !check_origin_form(out_.prefix).ok())
            report_.mistake(section_.find("prefix")->at,
                            fmt::format("'prefix' is {}, it must be a path like \"/shop\"", quoted(out_.prefix)));
    }

    // As of a subscription of its format.
    void read_auth() {
        Subscription said;
        said.format = out_.dialect;
        auth_rules().read(section_, load_, said);
        out_.headers = std::move(said.headers);
        out_.authorization = std::move(said.authorization);
        out_.oauth = std::move(said.oauth);
    }

    void read_only(const RawValue& only) {
        if (only.kind != RawValue::Kind::table) {
            wrong_type(only, "only", "a table like { bucket = \"my-bucket\" }", report_);
            return;
        }
        for (const RawMember& one : only.members) {
            FilterTerm term;
            term.what = "context:" + one.name;
            if (one.value.kind == RawValue::Kind::text) term.values = {one.value.text};
            if (one.value.kind == RawValue::Kind::list)
                for (const RawValue& value : one.value.list)
                    if (value.kind == RawValue::Kind::text) term.values.push_back(value.text);
            if (term.values.empty() ||
                (one.value.kind == RawValue::Kind::list && term.values.size() != one.value.list.size()))
                wrong_type(one.value, one.name, "a string or a list of strings", report_);
            else
                out_.only.push_back(std::move(term));
        }
    }

    void read_keys() {
        const RawValue* list = section_.find("key");
        if (list == nullptr) {
            report_.mistake(section_.at(), "the API has no [[api.key]]: nobody could use it");
            return;
        }
        for (const RawValue* table : tables_of(*list, "api.key", report_)) read_key(*table);
    }

    void read_key(const RawValue& table) {
        ApiKey& key = out_.keys.emplace_back();
        Section section(table, api_key_keys(), report_, nullptr);
        key.name = fmt::format("key {}", out_.keys.size());
        section.text("name", key.name);
        key.id = half(section, "id", words_ != nullptr && words_->id_needed);
        key.secret = half(section, "secret", true);
        if (!key.secret.empty() && key.secret.reveal().size() < 8)
            report_.mistake(section.find("secret")->at,
                            "'secret' is shorter than 8 bytes, make one with: openssl rand -hex 20");
        std::string permission = "read_write";
        section.choice("permission", permission, {"read", "write", "read_write"});
        key.read = permission != "write";
        key.write = permission != "read";
    }

    Secret half(Section& section, std::string_view name, bool needed) {
        const RawValue* value = section.find(name);
        if (value == nullptr) {
            if (needed)
                report_.mistake(section.at(),
                                fmt::format("the key has no '{}', add one like {} = {{ env = \"NAME\" }}", name, name));
            return {};
        }
        // The first half is no secret in itself: a literal is fine.
        if (name == "id" && value->kind == RawValue::Kind::text) return Secret(value->text);
        std::vector<Secret> secrets = read_secrets(*value, report_);
        if (secrets.size() > 1) report_.mistake(value->at, fmt::format("'{}' must be one, not a list", name));
        return secrets.empty() ? Secret() : std::move(secrets.front());
    }

    Section section_;
    Loading& load_;
    Report& report_;
    ApiConfig& out_;
    const Halves* words_ = nullptr;
};

// ShareActor's, DatoCMS's and Cockpit's routes begin alike.
bool at_webhooks(const ApiConfig& api) {
    return api.dialect == "shareactor" || api.dialect == "datocms" || api.dialect == "cockpit";
}

// The first one whose host and prefix fit is asked.
bool shadows(const ApiConfig& earlier, const ApiConfig& later) {
    if (!at_webhooks(earlier) || !at_webhooks(later)) return false;
    if (earlier.dialect == later.dialect || earlier.prefix != later.prefix) return false;
    return earlier.hosts.empty() || std::any_of(later.hosts.begin(), later.hosts.end(), [&](const std::string& host) {
               return std::find(earlier.hosts.begin(), earlier.hosts.end(), host) != earlier.hosts.end();
           });
}

}  // namespace

void read_apis(const RawValue& list, Loading& load, std::vector<ApiConfig>& out) {
    for (const RawValue* table : tables_of(list, "api", load.report)) {
        ApiConfig& api = out.emplace_back();
        api.at = load.report.place(table->at);
        ApiReader(*table, load, api).read();
        const auto same = [&](const ApiConfig& other) { return other.name == api.name; };
        if (!api.name.empty() && std::find_if(out.begin(), out.end() - 1, same) != out.end() - 1)
            load.report.mistake(table->at, fmt::format("API {} is there twice; names are identities, choose another",
                                                       quoted(api.name)));
        for (size_t i = 0; i + 1 < out.size(); ++i)
            if (shadows(out[i], api))
                load.report.mistake(table->at,
                                    fmt::format("API {} would never be asked: API {} answers /webhooks there as well; "
                                                "give one of them a 'prefix' or 'hosts' of its own",
                                                quoted(api.name), quoted(out[i].name)));
    }
}

}  // namespace trot
