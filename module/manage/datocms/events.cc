#include "manage/datocms/events.h"

#include <algorithm>
#include <array>

namespace trot::datocms {
namespace {

constexpr size_t most_entries = 100;
constexpr size_t most_ids = 1000;
constexpr size_t most_id = 200;  // bytes of one

constexpr std::array<std::string_view, 8> entity_types{
    "item_type", "item", "upload", "build_trigger", "environment", "maintenance_mode", "sso_user", "cda_cache_tags"};
constexpr std::array<std::string_view, 11> event_types{"create",        "update",  "delete",         "publish",
                                                       "unpublish",     "promote", "deploy_started", "deploy_succeeded",
                                                       "deploy_failed", "change",  "invalidate"};
constexpr std::array<std::string_view, 5> filter_types{"item_type", "item", "build_trigger", "environment",
                                                       "environment_type"};

template <size_t n>
bool is_one_of(const std::array<std::string_view, n>& known, std::string_view text) {
    return std::find(known.begin(), known.end(), text) != known.end();
}

std::string_view text_or_empty(const json_t* value) {
    return json_is_string(value) ? std::string_view(json_string_value(value), json_string_length(value))
                                 : std::string_view();
}

// Where an event of `entity` has what a filter asks for; empty: it never has it.
std::string_view place_of(std::string_view entity, std::string_view filter) {
    if (filter == entity) return "/id";
    if (entity == "item" && filter == "item_type") return "/relationships/item_type/data/id";
    if (filter == "environment") return "context:environment";
    if (filter == "environment_type") return "context:environment_primary";
    return {};
}

class EventsReader {
  public:
    explicit EventsReader(Problems& problems) : problems_(problems) {}

    Json read(const json_t* given) {
        if (!json_is_array(given)) return wrong("VALIDATION_FORMAT", "it is an array of objects");
        if (json_array_size(given) > most_entries)
            return wrong("VALIDATION_LENGTH", "it has more than " + std::to_string(most_entries) + " entries");
        Json out(json_array());
        for (size_t i = 0; i < json_array_size(given); ++i) {
            where_ = "entry " + std::to_string(i) + ": ";
            Json entry = read_entry(json_array_get(given, i));
            if (!entry) return nullptr;
            json_array_append_new(out.get(), entry.release());
        }
        return out;
    }

  private:
    Json wrong(std::string_view code, const std::string& why) {
        problems_.push_back(invalid_field("events", code, where_ + why));
        return nullptr;
    }

    Json read_entry(const json_t* given) {
        if (!json_is_object(given)) return wrong("VALIDATION_FORMAT", "it is an object");
        const std::string_view entity = text_of(given, "entity_type");
        if (!is_entity_type(entity)) return wrong("VALIDATION_INCLUSION", "entity_type is none that there is");
        const json_t* types = json_object_get(given, "event_types");
        if (!json_is_array(types) || json_array_size(types) == 0 || json_array_size(types) > event_types.size())
            return wrong("VALIDATION_FORMAT", "event_types is an array of 1 to 11 strings");
        for (size_t i = 0; i < json_array_size(types); ++i)
            if (!is_event_type(text_or_empty(json_array_get(types, i))))
                return wrong("VALIDATION_INCLUSION", "event_types has one that there is not");
        Json filters = read_filters(given, entity);
        if (!filters) return nullptr;
        Json out(json_deep_copy(given));
        json_object_del(out.get(), "filter");
        const bool none = json_array_size(filters.get()) == 0;
        json_object_set_new(out.get(), "filters", none ? json_null() : filters.release());
        return out;
    }

    // Both spellings; the newer one counts where both are there.
    Json read_filters(const json_t* given, std::string_view entity) {
        Json out(json_array());
        const json_t* several = json_object_get(given, "filters");
        const json_t* one = json_object_get(given, "filter");
        if (several != nullptr && !json_is_null(several)) {
            if (!json_is_array(several) || json_array_size(several) > most_entries)
                return wrong("VALIDATION_FORMAT", "filters is null or an array of at most 100 objects");
            for (size_t i = 0; i < json_array_size(several); ++i)
                json_array_append(out.get(), json_array_get(several, i));
        } else if (one != nullptr && !json_is_null(one)) {
            json_array_append(out.get(), const_cast<json_t*>(one));
        }
        for (size_t i = 0; i < json_array_size(out.get()); ++i)
            if (!check_filter(json_array_get(out.get(), i), entity)) return nullptr;
        return out;
    }

    bool check_filter(const json_t* filter, std::string_view entity) {
        const std::string_view type = text_of(filter, "entity_type");
        const json_t* ids = json_object_get(filter, "entity_ids");
        if (!is_one_of(filter_types, type))
            return wrong("VALIDATION_INCLUSION", "a filter's entity_type is none that there is") != nullptr;
        // Said rather than kept: such a webhook would never be called.
        if (place_of(entity, type).empty())
            return wrong("VALIDATION_INCLUSION", "an event of " + std::string(entity) + " has no " + std::string(type) +
                                                     " to filter by") != nullptr;
        if (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > most_ids)
            return wrong("VALIDATION_FORMAT", "a filter's entity_ids is an array of 1 to 1,000 strings") != nullptr;
        for (size_t i = 0; i < json_array_size(ids); ++i) {
            const std::string_view id = text_or_empty(json_array_get(ids, i));
            if (id.empty() || id.size() > most_id)
                return wrong("VALIDATION_FORMAT", "a filter's entity_ids are strings of 1 to 200 bytes") != nullptr;
            if (type == "environment_type" && id != "primary" && id != "sandbox")
                return wrong("VALIDATION_INCLUSION", "an environment_type is primary or sandbox") != nullptr;
        }
        return true;
    }

    Problems& problems_;
    std::string where_;
};

FilterTerm term_of(std::string_view entity, const json_t* filter, std::string_view primary) {
    const std::string_view type = text_of(filter, "entity_type");
    FilterTerm term;
    term.what = place_of(entity, type);
    const json_t* ids = json_object_get(filter, "entity_ids");
    for (size_t i = 0; i < json_array_size(ids); ++i) {
        std::string_view id = text_or_empty(json_array_get(ids, i));
        if (type == "environment_type") id = id == "primary" ? "true" : "false";
        // What took nothing along happened in the primary environment, as deliveries say as well.
        term.or_absent = term.or_absent || (type == "environment_type" && id == "true") ||
                         (term.what == "context:environment" && id == primary);
        term.values.emplace_back(id);
    }
    return term;
}

}  // namespace

bool is_entity_type(std::string_view text) { return is_one_of(entity_types, text); }
bool is_event_type(std::string_view text) { return is_one_of(event_types, text); }

Json read_events(const json_t* given, Problems& problems) { return EventsReader(problems).read(given); }

std::vector<Selector> selectors_of(const json_t* events, std::string_view primary) {
    std::vector<Selector> out;
    for (size_t i = 0; i < json_array_size(events); ++i) {
        const json_t* entry = json_array_get(events, i);
        const std::string entity(text_of(entry, "entity_type"));
        Selector& selector = out.emplace_back();
        const json_t* types = json_object_get(entry, "event_types");
        for (size_t k = 0; k < json_array_size(types); ++k)
            selector.topics.push_back(entity + "." + std::string(text_or_empty(json_array_get(types, k))));
        const json_t* filters = json_object_get(entry, "filters");
        for (size_t k = 0; k < json_array_size(filters); ++k)
            selector.terms.push_back(term_of(entity, json_array_get(filters, k), primary));
    }
    return out;
}

Json events_for(const json_t* events, int version) {
    Json out(json_deep_copy(events));
    if (version >= 3) return out;
    for (size_t i = 0; i < json_array_size(out.get()); ++i) {
        json_t* entry = json_array_get(out.get(), i);
        json_t* filters = json_object_get(entry, "filters");
        json_object_set_new(entry, "filter",
                            json_is_array(filters) ? json_incref(json_array_get(filters, 0)) : json_null());
        if (json_array_size(filters) < 2) json_object_del(entry, "filters");
    }
    return out;
}

}  // namespace trot::datocms
