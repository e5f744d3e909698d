#include <fmt/format.h>

#include "plan/tables.h"
#include "plan/units.h"

namespace trot {

const KeyList& store_keys() {
    static const KeyList keys{
        "store",
        {"url", "guarantee", "on_fault", "hold", "linger", "queue_bytes", "spill_reserve", "spill_max", "retention",
         "retention_bytes", "job_timeout", "snapshot_bytes", "snapshot_age", "sync"}};
    return keys;
}

bool read_guarantee(Section& section, Guarantee& out) {
    const RawValue* value = section.find("guarantee");
    std::string name = out == Guarantee::hold ? "hold" : "async";
    if (value && value->kind == RawValue::Kind::text && value->text == "intent") {
        section.report().mistake(value->at,
                                 "'guarantee' is \"intent\", which is not available yet; \"hold\" is the strongest "
                                 "guarantee of this version");
        return false;
    }
    const bool right = section.choice("guarantee", name, {"async", "hold"});
    if (right) out = name == "hold" ? Guarantee::hold : Guarantee::async;
    return right;
}

bool read_on_fault(Section& section, OnFault& out) {
    std::string name = out == OnFault::open ? "open" : "reject";
    const bool right = section.choice("on_fault", name, {"open", "reject"});
    if (right) out = name == "open" ? OnFault::open : OnFault::reject;
    return right;
}

namespace {

constexpr uint64_t tib = 1ULL << 40;

void read_url(Section& section, Report& report, std::string& path) {
    std::string url = "sqlite:" + path;
    const RawValue* value = section.find("url");
    if (section.text("url", url)) {
        const std::string_view given = url;
        if (given.substr(0, 11) == "postgresql:" || given.substr(0, 9) == "postgres:")
            report.mistake(value->at,
                           "'url' names PostgreSQL, which is not available yet; write \"sqlite:/var/lib/trotline\"");
        else if (given.substr(0, 8) != "sqlite:/")
            report.mistake(value->at,
                           fmt::format("'url' is {}, it must be \"sqlite:\" and the absolute path of a directory, "
                                       "like \"sqlite:/var/lib/trotline\"",
                                       quoted(given)));
        else
            path = given.substr(7);
    }
    while (path.size() > 1 && path.back() == '/') path.pop_back();
}

}  // namespace

void read_store(const RawValue& table, Loading& load, StoreConfig& out) {
    Section section(table, store_keys(), load.report, &load.settings);
    out.path = "/var/lib/trotline";
    read_url(section, load.report, out.path);
    read_guarantee(section, out.guarantee);
    read_on_fault(section, out.on_fault);
    section.duration("hold", out.hold_ms, 1, 60000);
    section.duration("linger", out.linger_ms, 0, 1000);
    section.size("queue_bytes", out.queue_bytes, 1ULL << 20, tib);
    section.size("spill_reserve", out.spill_reserve, 0, tib);
    section.size("spill_max", out.spill_max, 0, tib);
    section.duration("retention", out.retention_ms, 60000, 36500 * day_ms);
    section.size("retention_bytes", out.retention_bytes, 0, 1024 * tib);
    section.duration("job_timeout", out.job_timeout_ms, 1000, 365 * day_ms);
    section.size("snapshot_bytes", out.snapshot_bytes, 0, tib);
    section.duration("snapshot_age", out.snapshot_age_ms, 60000, 36500 * day_ms);
    section.choice("sync", out.sync, {"full", "off"});
    if (out.spill_reserve > out.spill_max)
        load.report.mistake(section.at(),
                            fmt::format("'spill_reserve' ({}) is more than 'spill_max' ({}), it must be at most "
                                        "that",
                                        out.spill_reserve, out.spill_max));
    if (out.sync == "off")
        load.report.warning(section.find("sync")->at,
                            "'sync' is \"off\": a power cut loses acknowledged events; use \"full\"");
}

}  // namespace trot
