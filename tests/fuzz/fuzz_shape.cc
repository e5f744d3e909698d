// Shapes: what is left out and hidden (every pointer, every document): no crash, JSON stays JSON, what is no JSON is
// never passed on; and the look at jq programs.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plan/shape_check.h"
#include "shape/fields.h"
#include "shape/program.h"
#include "shape/spec.h"

// input: a pointer, a zero byte, a pointer, a zero byte, a document
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace trot;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto cut = [&input] {
        const std::string_view part = input.substr(0, input.find('\0'));
        input.remove_prefix(std::min(input.size(), part.size() + 1));
        return std::string(part);
    };
    const std::string first = cut();
    const std::string second = cut();
    (void)refuse_program(first);
    (void)read_shape_spec(input);
    (void)check_link(first);
    if (!check_field_pointer(first) || !check_field_pointer(second)) return 0;
    JsonReader reader;
    reader.load(input);
    FieldRules rules({first}, {second}, {}, "");
    const Result<std::string> out = rules.apply(input);
    if (out.ok() != reader.valid()) abort();
    if (!out) return 0;
    reader.load(out.value());
    if (!reader.valid()) abort();
    if (first.find('*') == std::string::npos && reader.find(first).kind != JsonKind::missing) {
        // An element's index is another one's once it is gone.
        const size_t last = first.rfind('/');
        if (reader.elements(first.substr(0, last)).empty()) abort();
    }
    return 0;
}
