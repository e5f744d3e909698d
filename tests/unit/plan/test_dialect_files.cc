// What a dialect file may say besides hooks: options, topics that no proxy can see; and what subscriptions to topics
// that nobody makes are told.
#include "loading.h"

using namespace trot;
using test::Folder;

namespace {

const char* const mine = R"(
[option.on_delete]
values = ["emit", "native"]
default = "emit"
help = "whether deletes are told"

[option.loud]
default = false
help = "one more"

[[hook]]
topics = ["a.created", { topic = "a.updated", only = { loud = true } }]
match = "POST /a"

[[hook]]
only = { on_delete = "emit" }
topic = "a.deleted"
match = "DELETE /a"

[[hook]]
only = { on_delete = ["emit", "native"], loud = true }
topic = "a.shouted"
match = "PUT /a"

[[unseen]]
topic = "a.expired"
why = "a timer does it"
closest = "a.updated"

[[unseen]]
topic = "b.*"
why = "it happens elsewhere"
)";

Result<PlanPtr> load_with(Folder& folder, const std::string& dialect, const std::string& rest) {
    folder.file("mine.toml", dialect);
    return load_plan(folder.file("main.toml", "dialects = [\"./mine.toml\"]\n" + rest), test::words());
}

std::string topics_of(const Result<PlanPtr>& plan) {
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    std::string out;
    for (const Hook& hook : plan.value()->hooks)
        for (const Wording& topic : hook.topics) out += topic.spelling + " ";
    return out;
}

void options(void**) {
    Folder folder;
    assert_string_equal(topics_of(load_with(folder, mine, "")).c_str(), "a.created a.deleted ");
    assert_string_equal(topics_of(load_with(folder, mine, "[dialect.mine]\non_delete = \"native\"\n")).c_str(),
                        "a.created ");
    assert_string_equal(topics_of(load_with(folder, mine, "[dialect.mine]\nloud = true\n")).c_str(),
                        "a.created a.updated a.deleted a.shouted ");
}

// An option that is a text, and its value wherever a source may stand.
void texts(void**) {
    const std::string dialect = R"(
[option.primary]
default = "main"
help = "what it is called"
[[hook]]
topic = "a.{option:primary}"
match = "POST /a"
id = "header:I | option:primary"
payload = { p = "option:primary", s = { same = ["header:E | option:primary", "option:primary"] } }
context = { environment = "text:option:primary" }
hydrate = "/{option:primary}"
[hook.when]
"header:E | option:primary" = { not = "x", other = "option:primary", regex = "a" }
)";
    Folder folder;
    const Result<PlanPtr> plan = load_with(folder, dialect, "[dialect.mine]\nprimary = \"top | one\"\n");
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    const Hook& one = plan.value()->hooks.front();
    const auto is_literal = [](const Source& source) {
        assert_int_equal(static_cast<int>(source.part), static_cast<int>(Source::Part::literal));
        assert_string_equal(source.key.c_str(), "top | one");
    };
    is_literal(one.id.back());
    is_literal(one.topics.front().pieces.back().any.front());
    is_literal(one.payload.children[0].sources.front());
    is_literal(one.payload.children[1].children.front().sources.front());
    is_literal(one.taken_along.children.front().sources.front());
    is_literal(one.hydrate.get.pieces.back().any.front());
    assert_int_equal(one.when.size(), 3);
    for (const Condition& condition : one.when) is_literal(condition.sources.back());
    is_literal(one.when[1].twin.empty() ? one.when[2].twin.front() : one.when[1].twin.front());
}

void refused(const std::string& dialect, const std::string& rest, std::initializer_list<const char*> wants) {
    Folder folder;
    const Result<PlanPtr> plan = load_with(folder, dialect, rest);
    assert_false(plan.ok());
    for (const char* want : wants) test::says(plan.fault().text, want);
}

void wrong_options(void**) {
    refused(mine, "[dialect.mine]\non_delte = \"emit\"\n",
            {"main.toml:3:1", "no option \"on_delte\", did you mean 'on_delete'?"});
    refused(mine, "[dialect.mine]\non_delete = \"maybe\"\n",
            {"main.toml:3:13", "'on_delete' is \"maybe\", it must be one of: emit, native"});
    refused(mine, "[dialect.mine]\nloud = \"yes\"\n", {"main.toml:3:8", "it must be true or false"});
    refused(mine, "[dialect.other]\nx = 1\n", {"main.toml:2:10", "dialect \"other\" is not in the list 'dialects'"});
    refused("[option.a]\nvalues = [\"x\"]\ndefault = \"y\"\nhelp = \"h\"\n", "", {"mine.toml:3:11", "one of: x"});
    refused("[option.a]\nvalues = [\"x\"]\nhelp = \"h\"\n", "", {"mine.toml:1:9", "needs values and a default"});
    refused("[option.a]\ndefault = true\n", "", {"has no 'help'"});
    refused("[option.a]\ndefault = true\nhelp = \"h\"\nhelpp = 1\n", "", {"did you mean 'help'?"});
    refused("[option.a]\ndefault = \"x\"\nhelp = \"h\"\n", "[dialect.mine]\na = 1\n",
            {"main.toml:3:5", "a text of 1 to 200"});
    refused("[option.a]\ndefault = \"x\"\nhelp = \"h\"\n", "[dialect.mine]\na = \"\"\n", {"a text of 1 to 200"});
    refused("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\nid = \"option:b\"\n", "",
            {"4:6", "\"b\" is no option of this dialect"});
    test::refused("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\nid = \"option:b\"\n",
                  {"4:6", "only their files have such"});
    refused("[option]\na = 1\n", "", {"table like [option.on_delete]"});
    refused("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\nonly = { x = 1 }\n", "", {"4:10", "it has none"});
    refused("[[hook]]\ntopics = [{ only = {} }]\nmatch = \"POST /a\"\n", "", {"2:11", "it has no 'topic'"});
    refused("[[unseen]]\ntopic = \"a b\"\nwhy = \"w\"\n", "", {"mine.toml:2:9", "topic \"a b\" is wrong"});
    refused("[[unseen]]\ntopic = \"a\"\n", "", {"needs a topic and a reason"});
    test::refused("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\nonly = { x = 1 }\n", {"4:1", "unknown key \"only\""});
}

std::string warnings(const std::string& topics, const std::string& hooks = {}) {
    Folder folder;
    const Result<PlanPtr> plan = load_with(
        folder, mine,
        hooks + "[[subscription]]\nname = \"w\"\nformat = \"plain\"\nurl = \"https://w.example/h\"\ntopics = [" +
            topics + "]\n");
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    std::string out;
    for (const std::string& warning : plan.value()->warnings) out += warning.substr(folder.path().size() + 1) + "\n";
    return out;
}

void unheard(void**) {
    assert_string_equal(warnings("\"*\", \"a.*\", \"a.created\"").c_str(), "");
    test::says(warnings("\"a.creatd\""),
               "main.toml:6:11: no hook has a topic that \"a.creatd\" takes, did you mean "
               "\"a.created\"?");
    test::says(warnings("\"a.expired\""),
               "\"a.expired\" cannot be seen from a proxy: a timer does it; the closest is a.updated");
    test::says(warnings("\"b.made\""), "\"b.made\" cannot be seen from a proxy: it happens elsewhere");
    test::says(warnings("\"b.*\""), "it happens elsewhere");

    const std::string computed =
        "[[hook]]\ntopic = \"page.saved.{path:name}\"\nmatch = \"POST /p/{name}\"\n"
        "[[hook]]\ntopic = \"{path:kind}.made.{response:/state | =plain}\"\nmatch = \"POST /{kind:cat|dog}s\"\n";
    assert_string_equal(
        warnings("\"page.saved.home\", \"page.*\", \"page.saved.*\", \"cat.made.x\", \"dog.*\"", computed).c_str(), "");
    test::says(warnings("\"page.saved.a.b\"", computed), "no hook has a topic that \"page.saved.a.b\" takes");
    test::says(warnings("\"cow.made.x\"", computed), "no hook has a topic");
    test::says(warnings("\"page.save.home\"", computed), "did you mean \"page.saved.home\"?");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(options), cmocka_unit_test(wrong_options), cmocka_unit_test(texts),
                                cmocka_unit_test(unheard)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
