// Any request target: normal paths stay within their buffer, judge and collect agree, nothing ambiguous goes unflagged.
#include <cstdlib>
#include <memory>

#include "plan/load.h"
#include "plan/match.h"
#include "url/target.h"

namespace {

const char* const plan_text =
    "[capture]\nmethod_override = true\nstrip_prefix = [\"/index.php\", \"/a/b\"]\n"
    "query_route = [\"r=/x\", \"s=/v{v}\"]\n"
    "[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\n"
    "[[hook]]\ntopic = \"b\"\nmatch = \"POST,DELETE /x/{id}\"\n"
    "[[hook]]\ntopic = \"c\"\nmatch = \"* /v1/{id}/c\"\n"
    "[[hook]]\ntopic = \"d\"\nmatch = \"POST /{x}/{rest*}?q=*\"\n"
    "[[hook]]\ntopic = \"e\"\nmatch = \"POST /?q=1\"\n"
    "[[hook]]\ntopic = \"f\"\nmatch = [\"POST /y/{id:int}\", \"POST /y[/{v:v[1-3]+}]/{k:cat|dog}s\"]\n";

void check(bool right) {
    if (!right) std::abort();
}

void check_path(std::string_view target, bool fold, bool split) {
    static const auto path = std::make_unique<trot::NormalPath>();
    trot::normalise_path(target, fold, split, *path);
    const char* const begin = path->bytes.data();
    const char* const end = begin + trot::max_path;
    check(path->count <= trot::max_segments);
    check(!(path->flags & trot::NormalPath::too_long) || path->count == 0);
    for (size_t i = 0; i < path->count; ++i) {
        const std::string_view segment = path->segments[i];
        check(segment.data() >= begin && segment.data() + segment.size() <= end);
        check(segment != "." && segment != "..");
        const bool hidden = segment.find_first_of("/\\") != std::string_view::npos;
        check(!hidden || (!split && (path->flags & trot::NormalPath::encoded_slash)));
        check(!segment.empty() || (path->flags & trot::NormalPath::empty_segment));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const trot::PlanPtr plan = [] {
        trot::Result<trot::PlanPtr> loaded = trot::parse_plan(plan_text, "fuzz.toml", {});
        check(loaded.ok());
        return std::move(loaded).value();
    }();
    const std::string_view target(reinterpret_cast<const char*>(data), size);
    for (const bool fold : {false, true})
        for (const bool split : {false, true}) check_path(target, fold, split);
    const std::string_view query = trot::query_of(target);
    const trot::Fields fields = trot::parse_query(query);
    for (const trot::Field& field : fields) {
        std::string_view raw;
        check(trot::find_query(query, field.name, raw));
    }
    for (const char* method : {"POST", "DELETE"}) {
        const trot::RequestHead head{method, target, nullptr, {}};
        check(plan->matcher->judge(head).matched == !plan->matcher->collect(head).empty());
    }
    return 0;
}
