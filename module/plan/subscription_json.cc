#include "plan/subscription_json.h"

#include <fmt/format.h>

#include "json/tree.h"
#include "plan/filter_term.h"
#include "url/tags.h"

namespace trot {
namespace {

void put(json_t* object, const char* name, std::string_view text) { json_object_set_new(object, name, json_of(text)); }

json_t* list_of(const std::vector<std::string>& texts) {
    json_t* list = json_array();
    for (const std::string& text : texts) json_array_append_new(list, json_of(text));
    return list;
}

std::vector<std::string> texts_of(const json_t* list) {
    std::vector<std::string> out;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* value = json_array_get(list, i);
        if (json_is_string(value)) out.emplace_back(json_string_value(value), json_string_length(value));
    }
    return out;
}

json_t* tree_of(const std::vector<Selector>& selectors) {
    json_t* list = json_array();
    for (const Selector& selector : selectors) {
        json_t* one = json_object();
        json_object_set_new(one, "topics", list_of(selector.topics));
        json_t* terms = json_array();
        for (const FilterTerm& term : selector.terms) {
            json_t* wanted = json_object();
            put(wanted, "what", term.what);
            json_object_set_new(wanted, "values", list_of(term.values));
            if (term.or_absent) json_object_set_new(wanted, "or_absent", json_true());
            if (term.test != FilterTerm::Test::equals) put(wanted, "test", name_of(term.test));
            json_array_append_new(terms, wanted);
        }
        json_object_set_new(one, "terms", terms);
        json_array_append_new(list, one);
    }
    return list;
}

std::vector<Selector> selectors_of(const json_t* list) {
    std::vector<Selector> out;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* one = json_array_get(list, i);
        Selector& selector = out.emplace_back();
        selector.topics = texts_of(json_object_get(one, "topics"));
        const json_t* terms = json_object_get(one, "terms");
        for (size_t k = 0; k < json_array_size(terms); ++k) {
            const json_t* wanted = json_array_get(terms, k);
            FilterTerm& term = selector.terms.emplace_back();
            term.what = text_of(wanted, "what");
            term.values = texts_of(json_object_get(wanted, "values"));
            term.or_absent = json_is_true(json_object_get(wanted, "or_absent"));
            // A test that is not known here (a newer Trotline's) lets nothing through.
            if (const std::string_view test = text_of(wanted, "test"); !test.empty() && !set_test(term, test))
                term.values.clear();
        }
    }
    return out;
}

// A text, or {"secret","until"} where it has an end.
json_t* tree_of(const Secret& secret) {
    if (secret.until_s() == 0) return json_of(secret.reveal());
    json_t* one = json_object();
    put(one, "secret", secret.reveal());
    json_object_set_new(one, "until", json_integer(secret.until_s()));
    return one;
}

std::vector<Secret> secrets_of(const json_t* list) {
    std::vector<Secret> out;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* one = json_array_get(list, i);
        if (json_is_string(one)) out.emplace_back(std::string(json_string_value(one), json_string_length(one)));
        if (json_is_object(one))
            out.emplace_back(std::string(text_of(one, "secret")), json_integer_value(json_object_get(one, "until")));
    }
    return out;
}

void put_number(json_t* object, const char* name, int64_t value) {
    json_object_set_new(object, name, json_integer(value));
}

void read_number(const json_t* object, const char* name, int64_t& into) {
    if (const json_t* value = json_object_get(object, name); json_is_integer(value)) into = json_integer_value(value);
}

void read_number(const json_t* object, const char* name, unsigned& into) {
    int64_t wide = into;
    read_number(object, name, wide);
    if (wide >= 0 && wide <= 0x7fffffff) into = static_cast<unsigned>(wide);
}

}  // namespace

std::string spell_settings(const Subscription& subscription) {
    const Json all(json_object());
    put(all.get(), "url", subscription.url.text);
    json_object_set_new(all.get(), "topics", list_of(subscription.topics));
    if (!subscription.selectors.empty()) json_object_set_new(all.get(), "selectors", tree_of(subscription.selectors));
    put(all.get(), "format", subscription.format);
    json_t* options = json_object();
    for (const FormatOption& option : subscription.options)
        json_object_set_new(options, option.name.c_str(), list_of(option.values));
    json_object_set_new(all.get(), "options", options);
    json_t* secrets = json_array();
    for (const Secret& secret : subscription.secrets) json_array_append_new(secrets, tree_of(secret));
    json_object_set_new(all.get(), "secrets", secrets);
    put(all.get(), "authorization", subscription.authorization.reveal());
    json_t* headers = json_array();
    for (const Field& header : subscription.headers) {
        json_t* pair = json_array();
        json_array_append_new(pair, json_of(header.name));
        json_array_append_new(pair, json_of(header.value));
        json_array_append_new(headers, pair);
    }
    json_object_set_new(all.get(), "headers", headers);
    json_t* schedule = json_array();
    for (const int64_t wait : subscription.schedule_ms) json_array_append_new(schedule, json_integer(wait));
    json_object_set_new(all.get(), "schedule_ms", schedule);
    put_number(all.get(), "timeout_ms", subscription.timeout_ms);
    put_number(all.get(), "connect_timeout_ms", subscription.connect_timeout_ms);
    put_number(all.get(), "concurrency", subscription.concurrency);
    put_number(all.get(), "disable_after", subscription.disable_after);
    return spell_json(all.get());
}

Result<Subscription> read_settings(std::string_view json, const UrlRules& urls) {
    const Result<Json> parsed = parse_json(json);
    if (!parsed) return Fault{Code::damaged, "the settings are no JSON: " + parsed.fault().text};
    const json_t* all = parsed.value().get();
    Subscription out;
    Result<CheckedUrl> url = check_url(text_of(all, "url"), urls);
    if (!url && has_tags(text_of(all, "url"))) url = check_tagged_url(text_of(all, "url"), urls);
    if (!url) return Fault{Code::damaged, "the settings' URL is refused: " + url.fault().text};
    out.url = std::move(url).value();
    out.topics = texts_of(json_object_get(all, "topics"));
    out.selectors = selectors_of(json_object_get(all, "selectors"));
    out.format = text_of(all, "format");
    const char* name = nullptr;
    json_t* values = nullptr;
    json_object_foreach(json_object_get(all, "options"), name, values) out.options.push_back({name, texts_of(values)});
    out.secrets = secrets_of(json_object_get(all, "secrets"));
    out.authorization = Secret(std::string(text_of(all, "authorization")));
    const json_t* headers = json_object_get(all, "headers");
    for (size_t i = 0; i < json_array_size(headers); ++i) {
        std::vector<std::string> pair = texts_of(json_array_get(headers, i));
        if (pair.size() == 2) out.headers.push_back({std::move(pair[0]), std::move(pair[1])});
    }
    const json_t* schedule = json_object_get(all, "schedule_ms");
    for (size_t i = 0; i < json_array_size(schedule); ++i)
        out.schedule_ms.push_back(json_integer_value(json_array_get(schedule, i)));
    read_number(all, "timeout_ms", out.timeout_ms);
    read_number(all, "connect_timeout_ms", out.connect_timeout_ms);
    read_number(all, "concurrency", out.concurrency);
    read_number(all, "disable_after", out.disable_after);
    return out;
}

std::string spell_selectors(const std::vector<Selector>& selectors) {
    if (selectors.empty()) return {};
    const Json list(tree_of(selectors));
    return spell_json(list.get());
}

Result<std::vector<Selector>> read_selectors(std::string_view json) {
    if (json.empty()) return std::vector<Selector>();
    const Result<Json> parsed = parse_json(json);
    if (!parsed) return Fault{Code::damaged, "the selectors are no JSON: " + parsed.fault().text};
    return selectors_of(parsed.value().get());
}

}  // namespace trot
