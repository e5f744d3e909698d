#include "shim/standalone/settings.h"

#include <charconv>

namespace trot::host {
namespace {

class Reader {
  public:
    explicit Reader(const trot_plan* plan) : plan_(plan) {}

    void list(const char* key, std::vector<std::string>& to) const {
        trot_text text{};
        for (size_t n = 0; trot_plan_setting(plan_, key, n, &text) == 1; ++n)
            if (text.len > 0) to.emplace_back(to_view(text));
    }
    void text(const char* key, std::string& to) const {
        trot_text text{};
        if (trot_plan_setting(plan_, key, 0, &text) == 1) to = to_view(text);
    }
    void flag(const char* key, bool& to) const {
        trot_text text{};
        if (trot_plan_setting(plan_, key, 0, &text) == 1) to = to_view(text) == "true";
    }
    template <class Number>
    void number(const char* key, Number& to) const {
        trot_text text{};
        if (trot_plan_setting(plan_, key, 0, &text) == 1) std::from_chars(text.at, text.at + text.len, to);
    }

  private:
    const trot_plan* plan_;
};

}  // namespace

Settings read_settings(const trot_plan* plan) {
    const Reader from(plan);
    Settings to;
    from.list("standalone.listen", to.listen);
    if (to.listen.empty()) to.listen.emplace_back("127.0.0.1:8080");
    from.list("admin.listen", to.admin_listen);
    from.text("standalone.upstream", to.upstream);
    from.text("standalone.upstream_ca_file", to.upstream_ca_file);
    from.flag("standalone.upstream_verify", to.upstream_verify);
    from.text("standalone.access_log", to.access_log);
    from.text("standalone.error_log", to.error_log);
    from.number("standalone.header_bytes", to.request_limits.head_bytes);
    from.number("standalone.header_count", to.request_limits.field_count);
    from.number("standalone.uri_bytes", to.request_limits.target_bytes);
    from.number("standalone.body_bytes", to.request_limits.body_bytes);
    from.number("standalone.header_timeout", to.header_timeout_ms);
    from.number("standalone.keepalive_timeout", to.keepalive_timeout_ms);
    from.number("standalone.body_min_rate", to.body_min_rate);
    from.number("standalone.upstream_connect_timeout", to.connect_timeout_ms);
    from.number("standalone.upstream_timeout", to.upstream_timeout_ms);
    from.number("standalone.upstream_connections", to.upstream_connections);
    from.number("standalone.client_connections", to.client_connections);
    from.number("standalone.stop_timeout", to.stop_timeout_ms);
    from.number("standalone.drain_timeout", to.drain_timeout_ms);
    from.flag("standalone.trust_forwarded", to.trust_forwarded);
    // An application's answer may carry more than a browser may send (Set-Cookie, CSP); its heads are bounded twice as
    // high.
    to.answer_limits.head_bytes = std::max<size_t>(65536, to.request_limits.head_bytes);
    to.answer_limits.field_count = std::max<size_t>(200, to.request_limits.field_count);
    return to;
}

}  // namespace trot::host
