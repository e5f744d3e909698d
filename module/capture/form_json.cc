#include "capture/form_json.h"

#include <algorithm>
#include <charconv>

#include "json/pointer.h"

namespace trot {
namespace {

constexpr size_t most_depth = 32;  // brackets beyond belong to the name

struct Node {
    std::string key;
    std::string json;  // of a leaf; empty for a branch
    std::vector<Node> children;
    long next = 0;  // the index that "[]" takes

    Node& child(std::string name) {
        if (name.empty()) name = std::to_string(next);
        json.clear();  // a value that is given members is an array from then on
        const auto there =
            std::find_if(children.begin(), children.end(), [&](const Node& one) { return one.key == name; });
        if (there != children.end()) return *there;
        long index = -1;
        const auto [stop, fault] = std::from_chars(name.data(), name.data() + name.size(), index);
        if (fault == std::errc() && stop == name.data() + name.size() && index >= next && index < 1000000)
            next = index + 1;
        Node& made = children.emplace_back();
        made.key = std::move(name);
        return made;
    }

    void become(std::string leaf) {
        json = std::move(leaf);
        children.clear();
        next = 0;
    }
};

// "data[title][]" to "data", "title", "". A bracket without its partner belongs to the name.
std::vector<std::string> keys_of(const std::string& name) {
    size_t open = name.find('[');
    if (open == std::string::npos || open == 0 || name.find(']', open) == std::string::npos) return {name};
    std::vector<std::string> out{name.substr(0, open)};
    while (open < name.size() && name[open] == '[' && out.size() < most_depth) {
        const size_t close = name.find(']', open);
        if (close == std::string::npos) break;
        out.push_back(name.substr(open + 1, close - open - 1));
        open = close + 1;
    }
    return out;
}

std::string leaf_of(const FormField& field) {
    if (!field.file) return json_quote(field.value);
    return "{\"name\":" + json_quote(field.value) + ",\"type\":" + json_quote(field.type) + "}";
}

bool is_list(const Node& node) {
    for (size_t i = 0; i < node.children.size(); ++i)
        if (node.children[i].key != std::to_string(i)) return false;
    return !node.children.empty();
}

void write(const Node& node, bool list, std::string& out) {
    if (!node.json.empty()) {
        out += node.json;
        return;
    }
    out += list ? '[' : '{';
    for (size_t i = 0; i < node.children.size(); ++i) {
        const Node& child = node.children[i];
        if (i > 0) out += ',';
        if (!list) out += json_quote(child.key) + ":";
        write(child, is_list(child), out);
    }
    out += list ? ']' : '}';
}

}  // namespace

std::string form_json(const FormFields& fields) {
    Node root;
    for (const FormField& field : fields) {
        Node* at = &root;
        for (std::string& key : keys_of(field.name)) at = &at->child(std::move(key));
        at->become(leaf_of(field));
    }
    std::string out;
    write(root, false, out);
    return out;
}

}  // namespace trot
