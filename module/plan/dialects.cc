#include "plan/dialects.h"

#include <fmt/format.h>

#include "plan/include.h"

namespace trot {
namespace {

const KeyList& dialect_keys() {
    static const KeyList keys{"dialect file", {"hook", "capture"}};
    return keys;
}

bool is_path(std::string_view name) {
    return name.find('/') != std::string_view::npos || (name.size() > 5 && name.substr(name.size() - 5) == ".toml");
}

void read_text(std::string_view text, const std::string& name, Loading& load, CaptureConfig& capture,
               std::vector<Hook>& hooks) {
    RawValue file;
    if (!parse_raw(text, load.report.add_file(name), load.report, file)) return;
    refuse_unknown(file, dialect_keys(), load.report);
    if (const RawMember* additions = file.find("capture")) {
        if (additions->value.kind == RawValue::Kind::table)
            add_capture(additions->value, load, capture);
        else
            wrong_type(additions->value, "capture", "a table", load.report);
    }
    if (const RawMember* list = file.find("hook")) read_hooks(list->value, load, hooks);
}

void read_shipped(const RawValue& name, Loading& load, CaptureConfig& capture, std::vector<Hook>& hooks) {
    const std::string_view text = load.words.dialect ? load.words.dialect(name.text) : std::string_view();
    if (!text.empty()) return read_text(text, fmt::format("dialect {}", name.text), load, capture, hooks);
    const std::string_view near = nearest(name.text, load.words.dialects);
    load.report.mistake(
        name.at,
        fmt::format("unknown dialect {}, {}; your own is given by its path, like \"./mine.toml\"", quoted(name.text),
                    near.empty() ? fmt::format("there are: {}", fmt::join(load.words.dialects, ", "))
                                 : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace

void read_dialects(const RawValue& list, Loading& load, CaptureConfig& capture, std::vector<Hook>& hooks) {
    std::vector<std::string> names;
    if (list.kind != RawValue::Kind::list) return wrong_type(list, "dialects", "a list of names or files", load.report);
    for (const RawValue& one : list.list) {
        if (one.kind != RawValue::Kind::text) {
            wrong_type(one, "dialects", "a list of names or files", load.report);
            continue;
        }
        if (std::find(names.begin(), names.end(), one.text) != names.end()) {
            load.report.mistake(one.at, fmt::format("dialect {} is listed twice, once is enough", quoted(one.text)));
            continue;
        }
        names.push_back(one.text);
        if (!is_path(one.text)) {
            read_shipped(one, load, capture, hooks);
            continue;
        }
        const std::string path = load.report.beside(one.at, one.text);
        const Result<std::string> text = read_config_file(path);
        if (text)
            read_text(text.value(), path, load, capture, hooks);
        else
            load.report.mistake(one.at, fmt::format("cannot read dialect {}: {}", quoted(path), text.fault().text));
    }
    load.settings.emplace_back("dialects", names);
}

}  // namespace trot
