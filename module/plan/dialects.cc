#include "plan/dialects.h"

#include <fmt/format.h>

#include "plan/expr.h"
#include "plan/include.h"

namespace trot {

const KeyList& unseen_keys() {
    static const KeyList keys{"unseen[]", {"topic", "why", "closest"}};
    return keys;
}

namespace {

const KeyList& dialect_keys() {
    static const KeyList keys{"dialect file", {"hook", "job", "snapshot", "capture", "option", "unseen"}};
    return keys;
}

bool is_path(std::string_view name) {
    return name.find('/') != std::string_view::npos || (name.size() > 5 && name.substr(name.size() - 5) == ".toml");
}

// What [dialect.NAME] calls it: "./conf/mine.toml" is "mine".
std::string_view short_name(std::string_view name) {
    if (!is_path(name)) return name;
    name.remove_prefix(name.rfind('/') + 1);
    return name.substr(0, name.rfind('.'));
}

class DialectReader {
  public:
    DialectReader(const RawValue& root, Loading& load, Plan& plan, std::vector<Unseen>& unseen)
        : root_(root), load_(load), plan_(plan), unseen_(unseen) {}

    void read(const RawValue& list) {
        if (list.kind != RawValue::Kind::list)
            return wrong_type(list, "dialects", "a list of names or files", load_.report);
        std::vector<std::string> names;
        for (const RawValue& one : list.list) {
            if (one.kind != RawValue::Kind::text) {
                wrong_type(one, "dialects", "a list of names or files", load_.report);
                continue;
            }
            if (std::find(names.begin(), names.end(), one.text) != names.end()) {
                load_.report.mistake(one.at,
                                     fmt::format("dialect {} is listed twice, once is enough", quoted(one.text)));
                continue;
            }
            names.push_back(one.text);
            short_names_.push_back(short_name(one.text));
            read_one(one);
        }
        load_.settings.emplace_back("dialects", names);
    }

    // [dialect.NAME] of one that is not listed.
    void refuse_unlisted() {
        const RawMember* all = root_.find("dialect");
        if (!all) return;
        if (all->value.kind != RawValue::Kind::table)
            return wrong_type(all->value, "dialect", "a table for each dialect, like [dialect.woocommerce]",
                              load_.report);
        for (const RawMember& member : all->value.members)
            if (std::find(short_names_.begin(), short_names_.end(), member.name) == short_names_.end())
                load_.report.mistake(member.at, fmt::format("dialect {} is not in the list 'dialects', add it there",
                                                            quoted(member.name)));
    }

  private:
    void read_one(const RawValue& name) {
        if (!is_path(name.text)) return read_shipped(name);
        const std::string path = load_.report.beside(name.at, name.text);
        const Result<std::string> text = read_config_file(path);
        if (text)
            read_text(text.value(), path, short_name(name.text));
        else
            load_.report.mistake(name.at, fmt::format("cannot read dialect {}: {}", quoted(path), text.fault().text));
    }

    void read_shipped(const RawValue& name) {
        const std::string_view text = load_.words.dialect ? load_.words.dialect(name.text) : std::string_view();
        if (!text.empty()) return read_text(text, fmt::format("dialect {}", name.text), name.text);
        const std::string_view near = nearest(name.text, load_.words.dialects);
        load_.report.mistake(
            name.at, fmt::format("unknown dialect {}, {}; your own is given by its path, like \"./mine.toml\"",
                                 quoted(name.text),
                                 near.empty() ? fmt::format("there are: {}", fmt::join(load_.words.dialects, ", "))
                                              : fmt::format("did you mean \"{}\"?", near)));
    }

    void read_text(std::string_view text, const std::string& name, std::string_view dialect) {
        RawValue file;
        if (!parse_raw(text, load_.report.add_file(name), load_.report, file)) return;
        refuse_unknown(file, dialect_keys(), load_.report);
        RoutingContext& context = plan_.contexts.emplace_back();
        context.scope = dialect;
        if (const RawMember* capture = file.find("capture")) {
            if (capture->value.kind == RawValue::Kind::table)
                read_dialect_capture(capture->value, load_, plan_.capture, context);
            else
                wrong_type(capture->value, "capture", "a table", load_.report);
        }
        // A site in a sub-directory is the operator's to say, and holds for every dialect.
        for (const std::string& prefix : plan_.contexts.front().strip_prefix)
            if (std::find(context.strip_prefix.begin(), context.strip_prefix.end(), prefix) ==
                context.strip_prefix.end())
                context.strip_prefix.push_back(prefix);
        const DialectOptions options = read_options(file, dialect);
        read_all_hooks(file, load_, {static_cast<uint32_t>(plan_.contexts.size() - 1), &options}, plan_.hooks);
        if (const RawMember* list = file.find("unseen")) read_unseen(list->value);
    }

    DialectOptions read_options(const RawValue& file, std::string_view dialect) {
        DialectOptions out;
        if (const RawMember* table = file.find("option")) out = trot::read_options(table->value, load_.report);
        const RawMember* all = root_.find("dialect");
        const RawMember* set = all ? all->value.find(dialect) : nullptr;
        if (set) set_options(set->value, dialect, out, load_.report);
        return out;
    }

    void read_unseen(const RawValue& list) {
        for (const RawValue* table : tables_of(list, "unseen", load_.report)) {
            Section section(*table, unseen_keys(), load_.report, nullptr);
            Unseen out;
            if (!section.text("topic", out.topic) || !section.text("why", out.why)) {
                if (!section.find("topic") || !section.find("why"))
                    load_.report.mistake(table->at,
                                         "it needs a topic and a reason, like topic = \"stock.low\", why = \"cron\"");
            } else if (!pattern_is_right(out.topic)) {
                load_.report.mistake(section.find("topic")->at,
                                     fmt::format("topic {} is wrong, write a topic like \"order.created\" or "
                                                 "\"order.*\"",
                                                 quoted(out.topic)));
            }
            section.text("closest", out.closest);
            unseen_.push_back(std::move(out));
        }
    }

    const RawValue& root_;
    Loading& load_;
    Plan& plan_;
    std::vector<Unseen>& unseen_;
    std::vector<std::string_view> short_names_;
};

}  // namespace

void read_dialects(const RawValue& root, Loading& load, Plan& plan, std::vector<Unseen>& unseen) {
    DialectReader reader(root, load, plan, unseen);
    if (const RawMember* list = root.find("dialects"))
        reader.read(list->value);
    else
        load.settings.emplace_back("dialects", std::vector<std::string>());
    reader.refuse_unlisted();
}

}  // namespace trot
