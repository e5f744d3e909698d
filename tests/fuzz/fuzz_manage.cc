// Any requests to the management APIs of all five systems, over a real store: no crash, an answer that is one (a
// status, sound headers, JSON where it says so), and what is kept afterwards can be read and delivered.
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "dialect/format.h"
#include "dialect/style.h"
#include "json/tree.h"
#include "manage/apis.h"
#include "manage/registry.h"
#include "manage/sent.h"
#include "plan/load.h"
#include "store/store.h"
#include "tests/fuzz/splits.h"
#include "url/header.h"
#include "url/target.h"

namespace {

using namespace trot;
using fuzz::require;

constexpr std::string_view configuration = R"(
dialects = ["woocommerce", "cosmic", "shareactor", "datocms", "cockpit"]
[[api]]
name = "woo"
dialect = "woocommerce"
prefix = "/w"
behind_tls = true
[[api.key]]
id = "ck_fuzz"
secret = "cs_fuzz_fuzz"
[[api]]
name = "north"
dialect = "cosmic"
tenant = "north"
[[api.key]]
secret = "write-key"
[[api]]
name = "south"
dialect = "cosmic"
tenant = "south"
most = 1
[[api.key]]
secret = "south-key"
permission = "read"
[[api]]
name = "share"
dialect = "shareactor"
prefix = "/s"
tenant = "5a5b5c5d5e5f606162636465"
[[api.key]]
id = "api-key"
secret = "service-key"
[[api]]
name = "dato"
dialect = "datocms"
prefix = "/d"
tenant = "205"
[[api.key]]
secret = "dato-token"
[[api]]
name = "site"
dialect = "cockpit"
prefix = "/c"
[[api.key]]
secret = "cockpit-token"
)";

class FrozenClock final : public Clock {
  public:
    int64_t wall_ms() const override { return 1795305545000; }
    int64_t steady_us() const override { return 1; }
};

struct House {
    PlanPtr plan;
    std::unique_ptr<Store> store;
    std::unique_ptr<Registry> registry;
    FrozenClock clock;

    House() {
        const Result<PlanPtr> loaded = parse_plan(configuration, "fuzz.toml", shipped_vocabulary());
        require(loaded.ok());
        plan = loaded.value();
        static std::string folder = "/tmp/trotline-fuzz-XXXXXX";
        require(mkdtemp(folder.data()) != nullptr);
        std::atexit([] { std::filesystem::remove_all(folder); });
        StoreOptions options;
        options.path = folder;
        options.sync = "off";
        Result<std::unique_ptr<Store>> opened = open_store(options);
        require(opened.ok());
        store = std::move(opened).value();
        registry = std::make_unique<Registry>(*store, [] {});
    }
};

House& house() {
    static House& made = *new House;  // its writer's thread runs to the end
    return made;
}

std::string_view take_line(std::string_view& rest) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return line;
}

// "$ID" is the id that an answer held before.
std::string fill(std::string_view text, const std::string& id) {
    std::string out(text);
    for (size_t at = out.find("$ID"); at != std::string::npos; at = out.find("$ID", at + id.size()))
        out.replace(at, 3, id);
    return out;
}

void look_for_id(const json_t* value, std::string& id) {
    for (const char* name : {"id", "_id"}) {
        const json_t* found = json_object_get(value, name);
        if (json_is_string(found)) id = json_string_value(found);
        if (json_is_integer(found)) id = std::to_string(json_integer_value(found));
    }
    if (const json_t* oid = json_object_get(json_object_get(value, "_id"), "$oid"); json_is_string(oid))
        id = json_string_value(oid);
    const char* name = nullptr;
    json_t* member = nullptr;
    if (json_is_object(value))
        json_object_foreach(const_cast<json_t*>(value), name, member) if (json_is_object(member))
            look_for_id(member, id);
}

void judge(const Reply& reply, std::string& id) {
    require(reply.status >= 200 && reply.status < 600);
    for (const Field& field : reply.fields) require(is_token(field.name) && is_header_value(field.value));
    const std::string* type = find_field(reply.fields, "Content-Type");
    require(type != nullptr || reply.body.empty());
    if (type == nullptr || type->find("json") == std::string::npos || reply.body.empty()) return;
    const Result<Json> body = parse_json(reply.body);
    require(body.ok());
    look_for_id(body.value().get(), id);
}

// Lines "METHOD target", headers, an empty line, the body. touched: whose subscriptions there may be now.
void ask(std::string_view text, std::string& id, std::set<const ApiConfig*>& touched) {
    House& in = house();
    const std::string_view first = take_line(text);
    ApiRequest request;
    request.method = first.substr(0, first.find(' '));
    request.target = fill(first.substr(std::min(first.size(), request.method.size() + 1)), id);
    request.host = "shop.test";
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.empty()) break;
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) continue;
        request.fields.push_back({std::string(line.substr(0, colon)), fill(trim(line.substr(colon + 1)), id)});
    }
    request.body = fill(text, id);
    const ApiMatch match = match_api(*in.plan, request.target, request.host);
    if (match.handler == nullptr) return;
    touched.insert(match.tenants.begin(), match.tenants.end());
    request.path = match.path;
    request.query = parse_query(query_of(request.target));
    request.secure = match.tenants.front()->behind_tls;
    // The form only: no name is resolved.
    ApiWorld world{match.tenants, *in.plan, *in.registry, in.clock,
                   [&in](const std::string& url, const ApiConfig&) { return check_url(url, in.plan->egress.urls); }};
    judge(match.handler->answer(request, world), id);
}

void check_and_clear(const ApiConfig& api) {
    House& in = house();
    ManagedQuery query;
    query.api = api.name;
    query.limit = 1000;
    const Result<ManagedPage> page = in.registry->list(query);
    require(page.ok());
    std::vector<Change> changes;
    for (const ManagedRow& managed : page.value().rows) {
        require(settings_of(managed, *in.plan).ok() && find_style(managed.row.format) != nullptr);
        require(parse_json(managed.document.empty() ? "{}" : managed.document).ok());
        Change& change = changes.emplace_back();
        change.kind = Change::Kind::remove;
        change.managed.row.number = managed.row.number;
    }
    if (!changes.empty()) require(in.registry->apply(changes).ok());
}

}  // namespace

// input: requests, between them a line "===="
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr std::string_view between = "\n====\n";
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::string id = "none";
    std::set<const ApiConfig*> touched;
    for (int i = 0; i < 6 && !rest.empty(); ++i) {
        const size_t end = rest.find(between);
        ask(rest.substr(0, end), id, touched);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + between.size());
    }
    for (const ApiConfig* api : touched) check_and_clear(*api);
    return 0;
}
