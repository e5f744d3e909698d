#include "shape/fields.h"

#include <algorithm>

namespace trot {
namespace {

constexpr std::string_view hidden = "\"***\"";

std::string unescaped(std::string_view token) {
    std::string out;
    for (size_t at = 0; at < token.size(); ++at) {
        if (token[at] == '~' && at + 1 < token.size())
            out += token[++at] == '1' ? '/' : '~';
        else
            out += token[at];
    }
    return out;
}

std::string_view between(const char* from, const char* to) { return {from, static_cast<size_t>(to - from)}; }

// The pieces of a container that are written: what stood between two of them (comma, white space) comes along, so that
// nothing but what is left out is missing.
class Pieces {
  public:
    Pieces(std::string_view raw, std::string& out) : at_(raw.data() + 1), end_(raw.data() + raw.size()), out_(out) {
        out_ += raw.front();
    }
    void keep(const char* from) {
        out_ += first_ && passed_ ? leading_ : between(at_, from);
        first_ = false;
    }
    void leave_out(const char* from) {
        if (!passed_) leading_ = between(at_, from);
    }
    void passed(const char* to) {
        at_ = to;
        passed_ = true;
    }
    void close() { out_ += between(at_, end_); }

  private:
    const char* at_;
    const char* end_;
    std::string& out_;
    std::string_view leading_;  // white space before the first one, when that is left out
    bool passed_ = false;       // the first one
    bool first_ = true;         // nothing is written yet
};

}  // namespace

FieldRules::FieldRules(const std::vector<std::string>& drop, const std::vector<std::string>& mask,
                       const std::vector<std::string>& hash, std::string_view hash_key)
    : hmac_(Digest::sha256, hash_key) {
    for (const std::string& pointer : hash) add(pointer, Action::hash);
    for (const std::string& pointer : mask) add(pointer, Action::mask);
    for (const std::string& pointer : drop) add(pointer, Action::drop);
}

void FieldRules::add(std::string_view pointer, Action action) {
    nothing_ = false;
    Node* node = &root_;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const std::string_view step = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(step.size());
        std::unique_ptr<Node>& next = step == "*" ? node->any : node->children[unescaped(step)];
        if (!next) next = std::make_unique<Node>();
        node = next.get();
    }
    node->action = action;
}

// The one that tells least, where several rules meet.
FieldRules::Action FieldRules::action_of(const Nodes& nodes) {
    Action out = Action::none;
    for (const Node* node : nodes) {
        if (node->action == Action::none) continue;
        if (out == Action::none || node->action == Action::drop ||
            (node->action == Action::mask && out == Action::hash))
            out = node->action;
    }
    return out;
}

FieldRules::Nodes FieldRules::below(const Nodes& nodes, std::string_view name) {
    Nodes out;
    for (const Node* node : nodes) {
        if (const auto found = node->children.find(name); found != node->children.end())
            out.push_back(found->second.get());
        if (node->any) out.push_back(node->any.get());
    }
    return out;
}

bool FieldRules::replace(std::string_view raw, const Nodes& nodes, std::string& out) {
    const Action action = action_of(nodes);
    if (action == Action::none) return edit(raw, nodes, out);
    if (raw == "null") {  // that there is nothing may be seen
        out += raw;
    } else if (action == Action::mask) {
        out += hidden;
    } else {
        const bool text = raw.front() == '"';
        out += '"' + hex(hmac_.sign({text ? std::string_view(json_text({JsonKind::string, raw})) : raw})) + '"';
    }
    return true;
}

bool FieldRules::edit(std::string_view raw, const Nodes& nodes, std::string& out) {
    if (!nodes.empty() && raw.front() == '{') return edit_object(raw, nodes, out);
    if (!nodes.empty() && raw.front() == '[') return edit_array(raw, nodes, out);
    out += raw;
    return true;
}

bool FieldRules::edit_object(std::string_view raw, const Nodes& nodes, std::string& out) {
    reader_.load(raw);
    if (!reader_.valid()) return false;
    Pieces pieces(raw, out);
    for (const JsonMember& member : reader_.members("")) {
        const Nodes next = below(nodes, json_text({JsonKind::string, member.key}));
        const char* const from = member.key.data();
        const std::string_view value = member.value.raw;
        if (action_of(next) == Action::drop) {
            pieces.leave_out(from);
        } else {
            pieces.keep(from);
            out += between(from, value.data());
            if (!replace(value, next, out)) return false;
        }
        pieces.passed(value.data() + value.size());
    }
    pieces.close();
    return true;
}

bool FieldRules::edit_array(std::string_view raw, const Nodes& nodes, std::string& out) {
    reader_.load(raw);
    if (!reader_.valid()) return false;
    Pieces pieces(raw, out);
    size_t index = 0;
    for (const std::string_view value : reader_.elements("")) {
        const Nodes next = below(nodes, std::to_string(index++));
        if (action_of(next) == Action::drop) {
            pieces.leave_out(value.data());
        } else {
            pieces.keep(value.data());
            if (!replace(value, next, out)) return false;
        }
        pieces.passed(value.data() + value.size());
    }
    pieces.close();
    return true;
}

Result<std::string> FieldRules::apply(std::string_view json) {
    if (nothing_) return std::string(json);
    reader_.load(json);
    std::string out;
    out.reserve(json.size());
    const std::string_view whole = reader_.valid() ? reader_.find("").raw : std::string_view();
    if (whole.empty() || !edit(whole, {&root_}, out))
        return Fault{Code::refused, "the payload is no JSON: its members cannot be left out or hidden"};
    return out;
}

}  // namespace trot
