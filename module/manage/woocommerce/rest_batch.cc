#include "manage/woocommerce/rest_batch.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "manage/woocommerce/params.h"
#include "manage/woocommerce/rest.h"
#include "manage/woocommerce/views.h"

namespace trot::woo {
namespace {

constexpr size_t most_items = 100;

// One entry of the answer: a change, by its place in the list of changes, or an error.
struct Entry {
    const char* verb;
    std::string id;
    size_t change = 0;
    std::optional<Refusal> refusal;
};

// "7", 7, " 7" → "7"; "" when it is no id.
std::string id_of(const json_t* value) {
    if (json_is_integer(value)) return std::to_string(json_integer_value(value));
    if (!json_is_string(value)) return "";
    const std::optional<int64_t> number = read_number(trim(json_string_value(value)));
    return number ? std::to_string(*number) : "";
}

// What the entries lead to, in order; nothing is done yet.
class Batch {
  public:
    explicit Batch(const Ask& ask) : ask_(ask) {}

    void create(const json_t* item) {
        Change change;
        if (!is_empty(json_object_get(item, "id")))
            return refuse(
                "create", "0",
                {400, "woocommerce_rest_shop_webhook_exists", "Cannot create existing shop_webhook.", {}, {}, {}});
        if (const auto refusal = plan_creation(ask_, item, item, change)) return refuse("create", "0", *refusal);
        take("create", "0", std::move(change));
    }

    void update(const json_t* item) {
        const std::string id = id_of(json_object_get(item, "id"));
        const Result<ManagedRow> managed = find(id);
        if (!managed) return refuse("update", id, unknown(managed.fault(), 400, "ID is invalid."));
        Change change;
        if (const auto refusal = plan_change(ask_, managed.value(), item, item, change))
            return refuse("update", id, *refusal);
        now_[id] = change.managed;
        take("update", id, std::move(change));
    }

    void remove(const json_t* item) {
        const std::string id = id_of(item);
        if (id.empty() || id == "0") return;
        const Result<ManagedRow> managed = find(id);
        if (!managed) return refuse("delete", id, unknown(managed.fault(), 404, "Invalid ID."));
        gone_.insert(id);
        take("delete", id, plan_removal(managed.value()));
    }

    // All of them in one commit. When one has gone meanwhile, each by itself.
    void carry_out() {
        if (changes_.empty()) return;
        const Result<void> done = ask_.world.registry.apply(changes_);
        if (done) return;
        for (Entry& entry : entries_) {
            if (entry.refusal) continue;
            if (done.fault().code != Code::not_found) {
                entry.refusal = store_refusal(Family::rest, done.fault());
                continue;
            }
            if (const Result<void> one = ask_.world.registry.apply(changes_[entry.change]); !one)
                entry.refusal = unknown(one.fault(), 400, "ID is invalid.");
        }
    }

    Json answer() const {
        Json body(json_object());
        for (const Entry& entry : entries_) {
            if (json_object_get(body.get(), entry.verb) == nullptr)
                json_object_set_new(body.get(), entry.verb, json_array());
            json_array_append_new(json_object_get(body.get(), entry.verb), shown(entry).release());
        }
        return body;
    }

    uint64_t creations() const {
        uint64_t count = 0;
        for (const Entry& entry : entries_)
            if (!entry.refusal && changes_[entry.change].kind == Change::Kind::add) ++count;
        return count;
    }

  private:
    void take(const char* verb, std::string id, Change change) {
        entries_.push_back({verb, std::move(id), changes_.size(), std::nullopt});
        changes_.push_back(std::move(change));
    }

    void refuse(const char* verb, std::string id, Refusal refusal) {
        entries_.push_back({verb, std::move(id), 0, std::move(refusal)});
    }

    // As an earlier entry will have made it.
    Result<ManagedRow> find(const std::string& id) {
        if (gone_.count(id) > 0) return Fault{Code::not_found, "removed by the batch itself"};
        const auto known = now_.find(id);
        return known != now_.end() ? Result<ManagedRow>(known->second) : find_webhook(ask_, id);
    }

    static Refusal unknown(const Fault& fault, int status, const char* message) {
        if (fault.code != Code::not_found) return store_refusal(Family::rest, fault);
        return {status, "woocommerce_rest_shop_webhook_invalid_id", message, {}, {}, {}};
    }

    Json shown(const Entry& entry) const {
        if (entry.refusal) {
            Json error(json_object());
            json_object_set_new(error.get(), "id", id_json(entry.id));
            json_object_set_new(error.get(), "error", rest_error(*entry.refusal).release());
            return error;
        }
        const Change& change = changes_[entry.change];
        const View view{ask_.world.plan,    *ask_.caller.api, Family::rest,
                        ask_.place.version, rest_base(ask_),  change.kind == Change::Kind::add};
        return view_webhook(change.managed, view);
    }

    const Ask& ask_;
    std::vector<Entry> entries_;
    std::vector<Change> changes_;
    std::map<std::string, ManagedRow> now_;
    std::set<std::string> gone_;
};

}  // namespace

Reply batch_rest(const Ask& ask, const Said& said) {
    std::vector<Refusal::Param> wrong;
    size_t count = 0;
    for (const char* verb : {"create", "update", "delete"}) {
        const json_t* list = json_object_get(said.params.get(), verb);
        if (is_empty(list)) continue;
        if (!json_is_array(list))
            wrong.push_back({verb, fmt::format("{} is not of type array.", verb), "rest_invalid_type"});
        count += json_array_size(list);
    }
    if (!wrong.empty()) return reply_of(Family::rest, invalid_params(std::move(wrong)));
    if (count > most_items)
        return reply_of(Family::rest,
                        Refusal{413,
                                "woocommerce_rest_request_entity_too_large",
                                fmt::format("Unable to accept more than {} items for this request.", most_items),
                                {},
                                {},
                                {}});
    Batch batch(ask);
    size_t at = 0;
    json_t* item = nullptr;
    json_array_foreach(json_object_get(said.params.get(), "create"), at, item) batch.create(item);
    json_array_foreach(json_object_get(said.params.get(), "update"), at, item) batch.update(item);
    json_array_foreach(json_object_get(said.params.get(), "delete"), at, item) batch.remove(item);
    if (const auto refusal = check_room(ask, batch.creations())) return reply_of(Family::rest, *refusal);
    batch.carry_out();
    return rest_reply(ask, 200, batch.answer());
}

}  // namespace trot::woo
