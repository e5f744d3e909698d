#include "dialect/line_template.h"

#include <algorithm>

#include "base/text.h"

namespace trot {

Result<LineTemplate> LineTemplate::read(std::string_view text, const std::vector<std::string_view>& names) {
    LineTemplate out;
    while (!text.empty()) {
        const size_t open = text.find("{{");
        const std::string_view plain = text.substr(0, open);
        if (!plain.empty()) out.pieces_.push_back({std::string(plain), false, {}});
        if (open == std::string_view::npos) break;
        const size_t close = text.find("}}", open);
        if (close == std::string_view::npos)
            return Fault{Code::config, "the template's {{" + std::string(text.substr(open + 2, 20)) + " has no end"};
        const std::string_view tag = text.substr(open + 2, close - open - 2);
        const std::string_view name = trim(tag.substr(0, tag.find('|')));
        Piece piece{std::string(name), true, ","};
        if (tag.size() > tag.find('|')) piece.between = tag.substr(tag.find('|') + 1);
        if (std::find(names.begin(), names.end(), name) == names.end() || piece.between.empty())
            return Fault{Code::config, "the template's {{" + std::string(tag.substr(0, 40)) + "}} is not known"};
        // Where one value ends could not be told.
        if (!out.pieces_.empty() && out.pieces_.back().is_name && out.pieces_.back().text != "body" && name != "body")
            return Fault{Code::config, "nothing stands between {{" + out.pieces_.back().text + "}} and {{" +
                                           std::string(name) + "}} of the template"};
        out.pieces_.push_back(std::move(piece));
        text.remove_prefix(close + 2);
    }
    return out;
}

bool LineTemplate::has(std::string_view name) const {
    return std::any_of(pieces_.begin(), pieces_.end(),
                       [name](const Piece& piece) { return piece.is_name && piece.text == name; });
}

std::string LineTemplate::render(const std::function<std::string(const Piece&)>& value) const {
    std::string out;
    for (const Piece& piece : pieces_) out += piece.is_name ? value(piece) : piece.text;
    return out;
}

std::optional<std::vector<std::pair<const LineTemplate::Piece*, std::string_view>>> LineTemplate::match(
    std::string_view line) const {
    std::vector<std::pair<const Piece*, std::string_view>> out;
    for (size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& piece = pieces_[i];
        if (!piece.is_name) {
            if (line.substr(0, piece.text.size()) != piece.text) return std::nullopt;
            line.remove_prefix(piece.text.size());
            continue;
        }
        const size_t end = i + 1 < pieces_.size() ? line.find(pieces_[i + 1].text) : line.size();
        if (end == std::string_view::npos) return std::nullopt;
        out.emplace_back(&piece, line.substr(0, end));
        line.remove_prefix(end);
    }
    if (!line.empty()) return std::nullopt;
    return out;
}

}  // namespace trot
