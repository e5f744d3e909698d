// JSON pointers and conditions: no crash, every raw view lies inside the text, and what jansson takes we take.
#include <jansson.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "capture/condition.h"
#include "capture/redact.h"
#include "json/pointer.h"

namespace {

void inside(std::string_view part, std::string_view whole) {
    if (part.data() != nullptr &&
        (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()))
        abort();
}

void compare_with_jansson(std::string_view text, bool ours) {
    json_error_t error;
    json_t* tree = json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    const bool theirs = tree != nullptr;
    json_decref(tree);
    const bool ours_to_allow = std::strstr(error.text, "overflow") != nullptr ||
                               std::strstr(error.text, "too big") != nullptr ||
                               std::strstr(error.text, "invalid Unicode '") != nullptr;
    if (ours && !theirs && !ours_to_allow) abort();
    // Ours to refuse: depth, and a zero byte behind the document, which jansson takes for its end.
    const bool ours_to_refuse =
        text.find("[[[[") != std::string_view::npos || text.size() >= 256 || text.find('\0') != std::string_view::npos;
    if (theirs && !ours && !ours_to_refuse) abort();
}

}  // namespace

// input: a pointer, a zero byte, a document
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace trot;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const size_t zero = input.find('\0');
    const std::string pointer(input.substr(0, zero));
    const std::string text(zero == std::string_view::npos ? input : input.substr(zero + 1));

    static JsonReader reader;
    reader.load(text);
    compare_with_jansson(text, reader.valid());
    (void)check_pointer(pointer);
    inside(reader.find(pointer).raw, text);
    (void)json_text(reader.find(pointer));
    for (const std::string_view element : reader.elements(pointer)) inside(element, text);
    for (const JsonMember& member : reader.members(pointer)) {
        inside(member.key, text);
        inside(member.value.raw, text);
    }
    static JsonReader scratch;
    const bool valid = reader.valid();
    scratch.load(redact(text, {"a", "id", "password"}, scratch));
    if (scratch.valid() != valid) abort();
    scratch.load(json_quote(text));
    if (!scratch.valid()) abort();

    Exchange exchange;
    const auto plan = std::make_shared<Plan>();
    exchange.plan = plan;
    exchange.response_body = text;
    exchange.target = pointer;
    Readers readers;
    NoMemory none;
    Facts facts(exchange, readers, none);
    Condition condition;
    Source source;
    source.part = Source::Part::response;
    source.key = pointer;
    condition.sources = {source};
    condition.values = {"1", "a", pointer};
    for (const auto test :
         {Condition::Test::equals, Condition::Test::present, Condition::Test::absent, Condition::Test::differs,
          Condition::Test::contains, Condition::Test::lacks, Condition::Test::type}) {
        condition.test = test;
        (void)check(condition, facts, true);
    }
    return 0;
}
