// FieldRules: members of a JSON text that are left out, hidden, or replaced by a keyed hash, while every other byte
// stays as it is. It fails closed: a text that is no JSON is a fault, never passed on. Duplicate names all count (a
// receiver may read the last of them). Callers: recipe. Threads: an instance belongs to one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hmac.h"
#include "json/pointer.h"

namespace trot {

class FieldRules {
  public:
    // Pointers as check_field_pointer() of plan takes them. hash_key may be empty when nothing is hashed.
    FieldRules(const std::vector<std::string>& drop, const std::vector<std::string>& mask,
               const std::vector<std::string>& hash, std::string_view hash_key);

    bool empty() const { return nothing_; }
    Result<std::string> apply(std::string_view json);

  private:
    enum class Action { none, drop, mask, hash };
    struct Node {
        Action action = Action::none;
        std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
        std::unique_ptr<Node> any;  // "*"
    };
    using Nodes = std::vector<const Node*>;

    void add(std::string_view pointer, Action action);
    static Action action_of(const Nodes& nodes);
    static Nodes below(const Nodes& nodes, std::string_view name);
    bool edit(std::string_view raw, const Nodes& nodes, std::string& out);
    bool edit_object(std::string_view raw, const Nodes& nodes, std::string& out);
    bool edit_array(std::string_view raw, const Nodes& nodes, std::string& out);
    bool replace(std::string_view raw, const Nodes& nodes, std::string& out);

    Node root_;
    bool nothing_ = true;
    Hmac hmac_;
    JsonReader reader_;
};

}  // namespace trot
