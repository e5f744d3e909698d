#include "plan/shape.h"

#include <fmt/format.h>

#include "json/pointer.h"
#include "plan/expr.h"

namespace trot {
namespace {

constexpr int most_depth = 32;

class ShapeReader {
  public:
    ShapeReader(std::string_view what, const ReachCheck& reach, Report& report)
        : what_(what), reach_(reach), report_(report) {}

    Shape read(const RawValue& value, int depth) {
        Shape out;
        switch (value.kind) {
            case RawValue::Kind::text:
                read_sources(value, out.sources);
                break;
            case RawValue::Kind::integer:
            case RawValue::Kind::boolean:
            case RawValue::Kind::real:
                read_literal(value, out);
                break;
            case RawValue::Kind::table:
            case RawValue::Kind::list:
                if (depth == most_depth)
                    report_.mistake(value.at, fmt::format("'{}' is nested deeper than {}", what_, most_depth));
                else if (value.kind == RawValue::Kind::table)
                    read_table(value, out, depth);
                else
                    read_list(value, out, depth);
                break;
            default:
                wrong_type(value, what_,
                           "a source like \"response:/id\", \"=text\", a number, true or false, a table or a list",
                           report_);
        }
        return out;
    }

  private:
    void read_sources(const RawValue& value, Sources& out) {
        Result<Sources> sources = parse_sources(value.text);
        if (!sources) {
            report_.mistake(value.at, fmt::format("'{}': {}", what_, sources.fault().text));
            return;
        }
        out = std::move(sources).value();
        reach_(out, value.at);
    }

    void read_literal(const RawValue& value, Shape& out) {
        out.kind = Shape::Kind::literal;
        out.json = value.kind == RawValue::Kind::boolean ? (value.boolean ? "true" : "false") : value.text;
        JsonReader reader;
        reader.load(out.json);
        if (!reader.valid())  // inf, nan, 0x10
            report_.mistake(value.at, fmt::format("'{}' has {}, which is no number of JSON", what_, value.text));
    }

    void read_table(const RawValue& value, Shape& out, int depth) {
        if (value.members.empty())
            report_.mistake(value.at,
                            fmt::format("'{}' has an empty table, write it like {{ id = \"path:id\" }}", what_));
        if (value.members.size() == 1 && value.members[0].value.kind == RawValue::Kind::text) {
            const std::string& name = value.members[0].name;
            if (name == "present" || name == "absent") {
                out.kind = name == "present" ? Shape::Kind::present : Shape::Kind::absent;
                return read_sources(value.members[0].value, out.sources);
            }
        }
        if (is_same(value)) {
            const std::vector<RawValue>& pair = value.members[0].value.list;
            out.kind = Shape::Kind::same;
            read_sources(pair[0], out.sources);
            return read_sources(pair[1], out.children.emplace_back().sources);
        }
        out.kind = Shape::Kind::object;
        for (const RawMember& member : value.members) {
            out.names.push_back(json_quote(member.name));
            out.children.push_back(read(member.value, depth + 1));
        }
    }

    static bool is_same(const RawValue& value) {
        if (value.members.size() != 1 || value.members[0].name != "same") return false;
        const std::vector<RawValue>& list = value.members[0].value.list;
        return list.size() == 2 && list[0].kind == RawValue::Kind::text && list[1].kind == RawValue::Kind::text;
    }

    void read_list(const RawValue& value, Shape& out, int depth) {
        out.kind = Shape::Kind::array;
        for (const RawValue& one : value.list) out.children.push_back(read(one, depth + 1));
    }

    std::string_view what_;
    const ReachCheck& reach_;
    Report& report_;
};

}  // namespace

Shape read_shape(const RawValue& value, std::string_view what, const ReachCheck& reach, Report& report) {
    return ShapeReader(what, reach, report).read(value, 0);
}

void each_source(const Shape& shape, const std::function<void(const Source&)>& visit) {
    for (const Source& source : shape.sources) visit(source);
    for (const Shape& child : shape.children) each_source(child, visit);
}

}  // namespace trot
