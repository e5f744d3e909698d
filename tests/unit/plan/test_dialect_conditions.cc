// Conditions of a dialect: those that are there for an option's value only, and what they say of the topics that can
// be.
#include "loading.h"

using namespace trot;
using test::Folder;

namespace {

Result<PlanPtr> load_with(Folder& folder, const std::string& condition, const std::string& rest) {
    folder.file("mine.toml",
                "[option.strict]\ndefault = false\nhelp = \"h\"\n[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /a\"\n"
                "when = { \"response:/id\" = { present = true }, \"query:loud\" = " +
                    condition + " }\n");
    return load_plan(folder.file("main.toml", "dialects = [\"./mine.toml\"]\n" + rest), test::words());
}

std::string conditions_of(const std::string& condition, const std::string& rest) {
    Folder folder;
    const Result<PlanPtr> plan = load_with(folder, condition, rest);
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    std::string out;
    for (const Condition& one : plan.value()->hooks.front().when) out += one.spelling + "; ";
    return out;
}

void refused(const std::string& condition, const std::string& want) {
    Folder folder;
    const Result<PlanPtr> plan = load_with(folder, condition, "");
    assert_false(plan.ok());
    test::says(plan.fault().text, want.c_str());
}

void there_for_its_value_only(void**) {
    const std::string condition = "{ regex = \"^yes$\", only = { strict = true } }";
    assert_string_equal(conditions_of(condition, "").c_str(), "response:/id is present; ");
    assert_string_equal(conditions_of(condition, "[dialect.mine]\nstrict = true\n").c_str(),
                        "response:/id is present; query:loud matches \"^yes$\"; ");
    assert_string_equal(conditions_of("{ only = { strict = false }, not = \"x\" }", "").c_str(),
                        "response:/id is present; query:loud is not \"x\"; ");
}

// Also those of a condition that is not there now.
void mistakes_are_told(void**) {
    refused("{ present = true, only = { strct = true } }", "did you mean 'strict'?");
    refused("{ only = { strict = true } }", "the test of \"query:loud\" is empty");
    refused("{ same = \"path:x\", only = { strict = true } }", "\"path:x\" is not in the path of 'match'");
    test::refused("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\nwhen = { status = { present = true, only = {} } }\n",
                  {"unknown key \"only\""});
}

// A subscription to what no value can make is told so.
void values_of_a_condition_are_those_of_the_topic(void**) {
    const auto warned = [](const std::string& topic) {
        Folder folder;
        folder.file("mine.toml",
                    "[[hook]]\ntopic = \"a.{response:/state | =new}\"\nmatch = \"POST /a\"\n"
                    "when = { \"response:/state | =new\" = [\"new\", \"old\"] }\n"
                    "[[unseen]]\ntopic = \"a.gone\"\nwhy = \"a timer\"\n");
        const Result<PlanPtr> plan =
            load_plan(folder.file("main.toml",
                                  "dialects = [\"./mine.toml\"]\n[[subscription]]\nname = \"w\"\nformat = \"plain\"\n"
                                  "url = \"https://w.example/h\"\ntopics = [\"" +
                                      topic + "\"]\n"),
                      test::words());
        if (!plan) fail_msg("%s", plan.fault().text.c_str());
        return plan.value()->warnings.empty() ? std::string() : plan.value()->warnings.front();
    };
    assert_string_equal(warned("a.new").c_str(), "");
    assert_string_equal(warned("a.old").c_str(), "");
    test::says(warned("a.gone"), "\"a.gone\" cannot be seen from a proxy: a timer");
    test::says(warned("a.odl"), "did you mean \"a.old\"?");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_for_its_value_only),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(values_of_a_condition_are_those_of_the_topic),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
