#include "plan/match.h"

#include <algorithm>

#include "plan/readings.h"
#include "plan/route_tree.h"
#include "url/target.h"

namespace trot {
namespace {

// What a request asks for, once overrides are applied.
struct Asked {
    std::string_view method;
    bool spelled_loosely = false;  // an override's spelling does not count ("delete")
    bool any = false;              // its form may name the method, and is not known yet
    std::string_view query;
};

// The override that counts: the query's before the header's, as WordPress has it; a form's is the last word.
std::string_view override_of(const RequestHead& head, std::string_view query, unsigned overrides) {
    std::string_view other;
    if ((overrides & RoutingContext::by_query) != 0 && find_query(query, "_method", other) && !trim(other).empty())
        return trim(other);
    if ((overrides & RoutingContext::by_header) == 0) return {};
    other = head.override_method;
    if (other.empty() && head.fields)
        if (const std::string* field = find_field(*head.fields, "X-HTTP-Method-Override")) other = *field;
    return trim(other);
}

Asked asked_for(const RequestHead& head, unsigned overrides, bool with_form) {
    Asked out{head.method, false, false, query_of(head.target)};
    if (overrides == 0) return out;
    std::string_view other = override_of(head, out.query, overrides);
    if (other.empty() && (overrides & RoutingContext::by_form) != 0 && head.method == "POST") {
        out.any = !with_form;
        other = with_form ? trim(head.form_method) : std::string_view();
    }
    if (other.empty()) return out;
    out.method = other;
    out.spelled_loosely = true;
    return out;
}

bool method_is(std::string_view wanted, const Asked& asked) {
    return asked.any || wanted == "*" || wanted == asked.method ||
           (asked.spelled_loosely && equal_nocase(wanted, asked.method));
}

bool query_holds(const Fields& wanted, std::string_view query) {
    return std::all_of(wanted.begin(), wanted.end(), [query](const Field& field) {
        std::string_view raw;
        return find_query(query, field.name, raw) && (field.value == "*" || query_equals(raw, field.value));
    });
}

// What a hook asks of the answer, in one number: the greater of each part is the stronger.
struct Strength {
    bool matched = false, hold = false, reject = false;
    void join(const Strength& other) {
        matched = matched || other.matched;
        hold = hold || other.hold;
        reject = reject || other.reject;
    }
    bool full() const { return matched && hold && reject; }
};

Fields params_of(const Route& route, const std::string_view* segments, size_t count) {
    Fields out;
    for (size_t i = 0; i < route.segments.size(); ++i) {
        const TemplateSegment& wanted = route.segments[i];
        if (wanted.kind == TemplateSegment::Kind::parameter)
            out.push_back({wanted.text, std::string(wanted.value(segments[i]))});
        if (wanted.kind != TemplateSegment::Kind::rest) continue;
        Field& rest = out.emplace_back(Field{wanted.text, {}});
        for (size_t j = i; j < count; ++j) rest.value.append(j == i ? "" : "/").append(segments[j]);
    }
    return out;
}

// The routes of one template and one method. Those without a query are joined beforehand: it does not matter how many
// they are.
struct Group {
    std::string method;
    Strength always;
    std::vector<uint32_t> with_query;
    std::vector<uint32_t> all;
};

// A route of a hook, by its place among the plan's hooks.
struct Entry {
    uint32_t hook = 0;
    const Route* route = nullptr;
    Strength strength;
};

// The hooks that read requests alike: one tree.
struct Scope {
    explicit Scope(const RoutingContext& context)
        : readings(context), overrides(context.method_override), tree(context.ignore_case) {}

    void add(const Route& route, uint32_t hook, const Strength& strength) {
        const auto index = static_cast<uint32_t>(entries.size());
        entries.push_back({hook, &route, strength});
        const uint32_t leaf = tree.add(route.segments);
        leaves.resize(tree.leaves());
        for (const std::string& method : route.methods) {
            if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
            Group& group = group_of(leaves[leaf], method);
            if (!group.all.empty() && group.all.back() == index) continue;  // a method named twice
            group.all.push_back(index);
            if (route.query.empty())
                group.always.join(strength);
            else
                group.with_query.push_back(index);
        }
    }

    static Group& group_of(std::vector<Group>& groups, const std::string& method) {
        for (Group& group : groups)
            if (group.method == method) return group;
        groups.push_back({method, {}, {}, {}});
        return groups.back();
    }

    bool wants_method(const Asked& asked) const {
        return std::any_of(methods.begin(), methods.end(),
                           [&](const std::string& method) { return method_is(method, asked); });
    }

    void judge_leaf(uint32_t leaf, const Asked& asked, Strength& sum) const {
        for (const Group& group : leaves[leaf]) {
            if (!method_is(group.method, asked)) continue;
            sum.join(group.always);
            for (const uint32_t index : group.with_query) {
                if (sum.full()) return;
                if (query_holds(entries[index].route->query, asked.query)) sum.join(entries[index].strength);
            }
        }
    }

    Readings readings;
    unsigned overrides;
    RouteTree tree;
    std::vector<Entry> entries;
    std::vector<std::vector<Group>> leaves;
    std::vector<std::string> methods;  // of all routes
};

}  // namespace

struct Matcher::Impl {
    Impl(const std::vector<Hook>& list, const std::vector<RoutingContext>& contexts, const StoreConfig& store)
        : hooks(list) {
        std::vector<size_t> scope_of(contexts.size(), SIZE_MAX);
        for (uint32_t i = 0; i < list.size(); ++i) {
            size_t& scope = scope_of[list[i].context];
            if (scope == SIZE_MAX) {
                scope = scopes.size();
                scopes.push_back(std::make_unique<Scope>(contexts[list[i].context]));
            }
            const Strength strength{true, list[i].guarantee.value_or(store.guarantee) == Guarantee::hold,
                                    list[i].on_fault.value_or(store.on_fault) == OnFault::reject};
            for (const Route& route : list[i].routes) scopes[scope]->add(route, i, strength);
        }
    }

    const std::vector<Hook>& hooks;  // the plan's, which owns this matcher
    std::vector<std::unique_ptr<Scope>> scopes;
};

Matcher::Matcher(const std::vector<Hook>& hooks, const std::vector<RoutingContext>& contexts, const StoreConfig& store)
    : impl_(std::make_unique<const Impl>(hooks, contexts, store)) {}

Matcher::~Matcher() = default;

Judgement Matcher::judge(const RequestHead& head) const {
    NormalPath path;
    Strength sum;
    Judgement out;
    for (const std::unique_ptr<Scope>& scope : impl_->scopes) {
        const Asked asked = asked_for(head, scope->overrides, false);
        if (!scope->wants_method(asked)) continue;  // nearly all reads end here
        const auto visit = [&](const std::string_view* segments, size_t count) {
            return scope->tree.walk(segments, count, [&](uint32_t leaf) {
                scope->judge_leaf(leaf, asked, sum);
                return !sum.full();
            });
        };
        out.path_flags |= scope->readings.for_each(head.target, path, visit);
        if (sum.full()) break;
    }
    out.matched = sum.matched;
    out.guarantee = sum.hold ? Guarantee::hold : Guarantee::async;
    out.on_fault = sum.reject ? OnFault::reject : OnFault::open;
    return out;
}

std::vector<PathMatch> Matcher::collect(const RequestHead& head) const {
    std::vector<std::pair<uint32_t, PathMatch>> found;
    NormalPath path;
    std::vector<bool> seen(impl_->hooks.size());  // the first reading and route that a hook takes counts
    for (const std::unique_ptr<Scope>& scope : impl_->scopes) {
        const Asked asked = asked_for(head, scope->overrides, true);
        const size_t first = found.size();
        const auto visit = [&](const std::string_view* segments, size_t count) {
            return scope->tree.walk(segments, count, [&](uint32_t leaf) {
                for (const Group& group : scope->leaves[leaf]) {
                    if (!method_is(group.method, asked)) continue;
                    for (const uint32_t index : group.all) {
                        const auto& [hook, route, strength] = scope->entries[index];
                        if (seen[hook] || !query_holds(route->query, asked.query)) continue;
                        seen[hook] = true;
                        found.emplace_back(
                            hook, PathMatch{&impl_->hooks[hook], route, 0, params_of(*route, segments, count)});
                    }
                }
                return true;
            });
        };
        const uint32_t flags = scope->readings.for_each(head.target, path, visit);
        for (size_t i = first; i < found.size(); ++i) found[i].second.path_flags = flags;
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<PathMatch> out;
    out.reserve(found.size());
    for (auto& [index, match] : found) out.push_back(std::move(match));
    return out;
}

}  // namespace trot
