#include "dialect/mustache.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "json/pointer.h"
#include "url/percent.h"

namespace trot {
namespace {

using Node = Mustache::Node;
using Kind = Mustache::Node::Kind;

constexpr size_t most_depth = 32;
constexpr size_t most_output = 16U << 20;
constexpr size_t most_steps = 100000;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<std::vector<Node>> run() {
        std::vector<Node> nodes;
        if (Result<void> read = inside(nodes, "", 0); !read) return read.fault();
        return nodes;
    }

  private:
    static Fault wrong(std::string_view what, std::string_view tag) {
        return {Code::config, "the template's {{" + std::string(tag.substr(0, 40)) + "}} " + std::string(what)};
    }

    // Up to the end of the section `name`; "" is the whole.
    Result<void> inside(std::vector<Node>& out, std::string_view name, size_t depth) {
        for (;;) {
            const size_t open = text_.find("{{", at_);
            add_text(out, open);
            if (open == std::string_view::npos)
                return name.empty() ? Result<void>() : Result<void>(wrong("is not closed", "#" + std::string(name)));
            const bool triple = text_.substr(open, 3) == "{{{";
            const std::string_view end = triple ? "}}}" : "}}";
            const size_t close = text_.find(end, open + end.size());
            if (close == std::string_view::npos) return wrong("has no end", trimmed(text_.substr(open + 2, 20)));
            std::string_view tag = trimmed(text_.substr(open + end.size(), close - open - end.size()));
            at_ = close + end.size();
            const char sigil = triple ? '&' : tag.empty() ? ' ' : tag.front();
            if (!triple && std::string_view("#^/!&>=").find(sigil) != std::string_view::npos)
                tag = trimmed(tag.substr(1));
            if (std::string_view("#^/!").find(sigil) != std::string_view::npos) stand_alone(out, open);
            if (sigil == '!') continue;
            if (sigil == '>' || sigil == '=') return wrong("is a partial or a delimiter, which are not taken", tag);
            if (tag.empty() || tag.find_first_of(" \t\r\n{}") != std::string_view::npos)
                return wrong("has no name, or one with a space or a brace", tag);
            if (sigil == '/') {
                if (tag == name && !name.empty()) return {};
                return wrong("closes what is not open", tag);
            }
            Node node{Kind::escaped, std::string(tag)};
            if (sigil == '&') node.kind = Kind::raw;
            if (sigil == '#' || sigil == '^') {
                node.kind = sigil == '#' ? Kind::section : Kind::inverted;
                if (depth >= most_depth) return wrong("is nested too deep", tag);
                if (Result<void> read = inside(node.inside, tag, depth + 1); !read) return read;
            }
            out.push_back(std::move(node));
        }
    }

    void add_text(std::vector<Node>& out, size_t end) {
        const std::string_view text = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
        if (!text.empty()) out.push_back({Kind::text, std::string(text)});
    }

    // A tag with nothing but white space beside it on its line: the line is not part of the output.
    void stand_alone(std::vector<Node>& out, size_t open) {
        const size_t line = open == 0 ? 0 : text_.rfind('\n', open - 1) + 1;  // npos + 1 is 0
        const size_t next = std::min(text_.find('\n', at_), text_.size());
        if (!trimmed(text_.substr(line, open - line)).empty() || !trimmed(text_.substr(at_, next - at_)).empty())
            return;
        if (line < open && !out.empty() && out.back().kind == Kind::text) {
            std::string& text = out.back().text;
            text.resize(text.size() - std::min(text.size(), open - line));
        }
        at_ = std::min(next + 1, text_.size());
    }

    std::string_view text_;
    size_t at_ = 0;
};

class Writer {
  public:
    Writer(std::string_view json, Mustache::Escape way) : way_(way) { stack_.push_back(whole(json)); }

    void run(const std::vector<Node>& nodes) {
        for (const Node& node : nodes) {
            if (out_.size() > most_output || ++steps_ > most_steps) return;
            one(node);
        }
    }
    std::string take() { return std::move(out_); }

  private:
    JsonValue whole(std::string_view json) {
        reader_.load(json);
        return reader_.find("");
    }

    void one(const Node& node) {
        switch (node.kind) {
            case Kind::text:
                out_ += node.text;
                return;
            case Kind::raw:
                put(printed(look_up(node.text)), false);
                return;
            case Kind::escaped:
                put_escaped_value(look_up(node.text));
                return;
            case Kind::section:
            case Kind::inverted:
                section(node, look_up(node.text));
        }
    }

    void section(const Node& node, const JsonValue& value) {
        std::vector<std::string_view> elements;
        bool holds = value.kind != JsonKind::missing && value.kind != JsonKind::null && value.raw != "false";
        if (value.kind == JsonKind::array) {
            reader_.load(value.raw);
            elements = reader_.elements("");
            holds = !elements.empty();
        }
        if (node.kind == Kind::inverted) {
            if (!holds) run(node.inside);
            return;
        }
        if (!holds) return;
        if (value.kind != JsonKind::array) return within(node, value);
        for (const std::string_view element : elements) within(node, whole(element));
    }

    void within(const Node& node, const JsonValue& value) {
        stack_.push_back(value);
        run(node.inside);
        stack_.pop_back();
    }

    JsonValue look_up(std::string_view name) {
        if (name == ".") return stack_.back();
        const std::string_view first = name.substr(0, name.find('.'));
        std::optional<JsonValue> found;
        for (auto at = stack_.rbegin(); at != stack_.rend() && !found; ++at) found = member(*at, first);
        name.remove_prefix(std::min(name.size(), first.size() + 1));
        while (found && !name.empty()) {
            const std::string_view next = name.substr(0, name.find('.'));
            name.remove_prefix(std::min(name.size(), next.size() + 1));
            found = member(*found, next);
        }
        return found.value_or(JsonValue());
    }

    std::optional<JsonValue> member(const JsonValue& object, std::string_view name) {
        if (object.kind != JsonKind::object) return std::nullopt;
        reader_.load(object.raw);
        for (const JsonMember& one : reader_.members(""))
            if (json_text({JsonKind::string, one.key}) == name) return one.value;
        return std::nullopt;
    }

    static std::string printed(const JsonValue& value) {
        if (value.kind == JsonKind::object || value.kind == JsonKind::array) return std::string(value.raw);
        return json_text(value);  // nothing for null and what is missing
    }

    // In JSON an object or a list needs no escape: it is JSON already.
    void put_escaped_value(const JsonValue& value) {
        const bool nested = value.kind == JsonKind::object || value.kind == JsonKind::array;
        if (way_ != Mustache::Escape::json) return put(printed(value), true);
        if (nested) return put(std::string(value.raw), false);
        const std::string quoted = json_quote(json_text(value));
        out_ += std::string_view(quoted).substr(1, quoted.size() - 2);
    }

    void put(const std::string& text, bool escaped) {
        if (way_ == Mustache::Escape::url)
            put_escaped(out_, text);
        else if (escaped)
            escape(text);
        else
            out_ += text;
    }

    void escape(const std::string& text) {
        for (const char c : text) {
            switch (c) {
                case '&':
                    out_ += "&amp;";
                    break;
                case '<':
                    out_ += "&lt;";
                    break;
                case '>':
                    out_ += "&gt;";
                    break;
                case '"':
                    out_ += "&quot;";
                    break;
                case '\'':
                    out_ += "&#39;";
                    break;
                default:
                    out_ += c;
            }
        }
    }

    const Mustache::Escape way_;
    JsonReader reader_;
    std::vector<JsonValue> stack_;
    std::string out_;
    size_t steps_ = 0;
};

}  // namespace

Result<Mustache> Mustache::read(std::string_view text) {
    Result<std::vector<Node>> nodes = Reader(text).run();
    if (!nodes) return nodes.fault();
    Mustache out;
    out.nodes_ = std::move(nodes).value();
    return out;
}

std::string Mustache::render(std::string_view json, Escape escape) const {
    Writer writer(json, escape);
    writer.run(nodes_);
    return writer.take();
}

}  // namespace trot
