#include "plan/match.h"

#include <algorithm>

#include "plan/readings.h"
#include "plan/route_template.h"
#include "plan/route_tree.h"
#include "url/target.h"

namespace trot {
namespace {

// What a request asks for, once overrides are applied.
struct Asked {
    std::string_view method;
    bool spelled_loosely = false;  // an override's spelling does not count ("delete")
    std::string_view query;
};

Asked asked_for(const RequestHead& head, bool method_override) {
    Asked out{head.method, false, query_of(head.target)};
    if (!method_override) return out;
    std::string_view other;
    if (!find_query(out.query, "_method", other) || other.empty()) {
        other = head.override_method;
        if (other.empty() && head.fields)
            if (const std::string* field = find_field(*head.fields, "X-HTTP-Method-Override")) other = *field;
    }
    other = trim(other);
    if (other.empty()) return out;
    out.method = other;
    out.spelled_loosely = true;
    return out;
}

bool method_is(std::string_view wanted, const Asked& asked) {
    return wanted == "*" || wanted == asked.method || (asked.spelled_loosely && equal_nocase(wanted, asked.method));
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

}  // namespace

struct Matcher::Impl {
    // The hooks of one template and one method. Those without a query are joined beforehand: it does not matter how
    // many they are.
    struct Group {
        std::string method;
        Strength always;
        std::vector<uint32_t> with_query;
        std::vector<uint32_t> all;
    };

    Impl(const std::vector<Hook>& list, const CaptureConfig& config, const StoreConfig& store)
        : hooks(list), readings(config), method_override(config.method_override), tree(config.ignore_case) {
        strengths.reserve(list.size());
        templates.reserve(list.size());
        for (const Hook& hook : list) {
            strengths.push_back({true, hook.guarantee.value_or(store.guarantee) == Guarantee::hold,
                                 hook.on_fault.value_or(store.on_fault) == OnFault::reject});
            add(hook, static_cast<uint32_t>(templates.size()));
        }
    }

    void add(const Hook& hook, uint32_t index) {
        Result<std::vector<TemplateSegment>> parsed = parse_path_template(hook.path);
        if (!parsed) {  // the loader has checked it
            templates.emplace_back();
            return;
        }
        templates.push_back(std::move(parsed.value()));
        const uint32_t leaf = tree.add(templates.back());
        leaves.resize(tree.leaves());
        for (const std::string& method : hook.methods) {
            if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
            Group& group = group_of(leaves[leaf], method);
            if (!group.all.empty() && group.all.back() == index) continue;  // a method named twice
            group.all.push_back(index);
            if (hook.query.empty())
                group.always.join(strengths[index]);
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
                if (query_holds(hooks[index].query, asked.query)) sum.join(strengths[index]);
            }
        }
    }

    Fields params_of(uint32_t index, const std::string_view* segments, size_t count) const {
        Fields out;
        const std::vector<TemplateSegment>& wanted = templates[index];
        for (size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i].kind == TemplateSegment::Kind::parameter)
                out.push_back({wanted[i].text, std::string(segments[i])});
            if (wanted[i].kind != TemplateSegment::Kind::rest) continue;
            Field& rest = out.emplace_back(Field{wanted[i].text, {}});
            for (size_t j = i; j < count; ++j) rest.value.append(j == i ? "" : "/").append(segments[j]);
        }
        return out;
    }

    const std::vector<Hook>& hooks;  // the plan's, which owns this matcher
    Readings readings;
    bool method_override;
    RouteTree tree;
    std::vector<std::vector<Group>> leaves;
    std::vector<std::string> methods;  // of all hooks
    std::vector<Strength> strengths;
    std::vector<std::vector<TemplateSegment>> templates;  // with the names as written, for parameters
};

Matcher::Matcher(const std::vector<Hook>& hooks, const CaptureConfig& config, const StoreConfig& store)
    : impl_(std::make_unique<const Impl>(hooks, config, store)) {}

Matcher::~Matcher() = default;

Judgement Matcher::judge(const RequestHead& head) const {
    const Asked asked = asked_for(head, impl_->method_override);
    if (!impl_->wants_method(asked)) return {};  // nearly all reads end here
    NormalPath path;
    Strength sum;
    const auto visit = [&](const std::string_view* segments, size_t count) {
        return impl_->tree.walk(segments, count, [&](uint32_t leaf) {
            impl_->judge_leaf(leaf, asked, sum);
            return !sum.full();
        });
    };
    Judgement out;
    out.path_flags = impl_->readings.for_each(head.target, path, visit);
    out.matched = sum.matched;
    out.guarantee = sum.hold ? Guarantee::hold : Guarantee::async;
    out.on_fault = sum.reject ? OnFault::reject : OnFault::open;
    return out;
}

std::vector<PathMatch> Matcher::collect(const RequestHead& head) const {
    const Asked asked = asked_for(head, impl_->method_override);
    std::vector<std::pair<uint32_t, PathMatch>> found;
    NormalPath path;
    std::vector<bool> seen(impl_->hooks.size());  // the first reading that a hook takes counts
    const auto visit = [&](const std::string_view* segments, size_t count) {
        return impl_->tree.walk(segments, count, [&](uint32_t leaf) {
            for (const Impl::Group& group : impl_->leaves[leaf]) {
                if (!method_is(group.method, asked)) continue;
                for (const uint32_t index : group.all) {
                    const Hook& hook = impl_->hooks[index];
                    if (seen[index] || !query_holds(hook.query, asked.query)) continue;
                    seen[index] = true;
                    found.emplace_back(index, PathMatch{&hook, 0, impl_->params_of(index, segments, count)});
                }
            }
            return true;
        });
    };
    const uint32_t flags = impl_->readings.for_each(head.target, path, visit);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<PathMatch> out;
    out.reserve(found.size());
    for (auto& [index, match] : found) out.push_back(std::move(match));
    for (PathMatch& match : out) match.path_flags = flags;
    return out;
}

}  // namespace trot
