// Files: includes, dialects, secrets from files and the environment, the admin token.
#include "loading.h"

using namespace trot;
using test::Folder;

namespace {

const char* const head = "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\n";

Result<PlanPtr> load_text(Folder& folder, const std::string& text) {
    return load_plan(folder.file("main.toml", text), test::words());
}

void refused(Folder& folder, const std::string& text, std::initializer_list<const char*> wants) {
    const Result<PlanPtr> plan = load_text(folder, text);
    assert_false(plan.ok());
    for (const char* want : wants) test::says(plan.fault().text, want);
}

void includes(void**) {
    Folder folder;
    folder.folder("hooks.d");
    folder.file("hooks.d/b.toml", "[[hook]]\ntopic = \"b\"\nmatch = \"POST /b\"\n[store]\nhold = \"1s\"\n");
    folder.file("hooks.d/a.toml", "[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\n");
    const Result<PlanPtr> plan = load_text(
        folder,
        "include = [\"hooks.d/*.toml\", \"none.d/*.toml\"]\n[store]\nguarantee = \"async\"\n[[hook]]\ntopic = "
        "\"main\"\nmatch = \"POST /m\"\n");
    assert_true(plan.ok());
    const std::vector<Hook>& hooks = plan.value()->hooks;
    assert_int_equal(hooks.size(), 3);
    assert_string_equal(hooks[0].name.c_str(), "main");
    assert_string_equal(hooks[1].name.c_str(), "a");
    assert_string_equal(hooks[2].name.c_str(), "b");
    assert_string_equal(hooks[1].at.c_str(), (folder.path() + "/hooks.d/a.toml:1:1").c_str());
    assert_int_equal(plan.value()->store.hold_ms, 1000);
    assert_true(plan.value()->store.guarantee == Guarantee::async);
}

void wrong_includes(void**) {
    Folder folder;
    folder.file("self.toml", "include = [\"main.toml\"]\n");
    refused(folder, "include = [\"self.toml\"]\n", {"self.toml:1:12", "includes itself"});
    refused(folder, "include = [\"none.toml\"]\n", {"main.toml:1:12", "cannot include", "No such file"});
    refused(folder, "include = 5\n", {"1:11", "list of files"});
    folder.file("one.toml", "[store]\nhold = \"1s\"\n");
    refused(folder, "include = [\"one.toml\", \"one.toml\"]\n", {"included twice"});
    refused(folder, "include = [\"one.toml\"]\n[store]\nhold = \"2s\"\n",
            {"one.toml:2:1: 'hold' is set a second time, the first is at ", "main.toml:3:1"});
    folder.file("bad.toml", "[store]\nhold = \"1x\"\n");
    refused(folder, "include = [\"bad.toml\"]\n[store]\nsync = \"of\"\n", {"bad.toml:2:8", "main.toml:3:8"});
}

void dialects(void**) {
    Folder folder;
    folder.file("mine.toml", "[[hook]]\ntopic = \"mine\"\nmatch = \"POST /mine\"\n");
    const Result<PlanPtr> plan = load_text(
        folder,
        "dialects = [\"shop\", \"./mine.toml\"]\n[capture]\nredact = [\"pin\"]\n[[hook]]\ntopic = \"x\"\nmatch = "
        "\"POST /x\"\n");
    assert_true(plan.ok());
    assert_int_equal(plan.value()->hooks.size(), 3);
    assert_string_equal(plan.value()->hooks[1].at.c_str(), "dialect shop:4:1");
    assert_true(plan.value()->method_override);
    assert_string_equal(plan.value()->setting("capture.method_override", 0)->c_str(), "true");
    assert_int_equal(plan.value()->contexts[0].method_override, 0);
    assert_int_equal(plan.value()->capture.redact.size(), 2);
    assert_string_equal(plan.value()->setting("capture.redact", 1)->c_str(), "key");
    assert_string_equal(plan.value()->setting("dialects", 0)->c_str(), "shop");
    refused(folder, "dialects = [\"shp\"]\n", {"1:13", "unknown dialect \"shp\", did you mean \"shop\"?"});
    refused(folder, "dialects = [\"shop\", \"shop\"]\n", {"listed twice"});
    refused(folder, "dialects = [\"./none.toml\"]\n", {"cannot read dialect"});
    refused(folder, "dialects = \"shop\"\n", {"list of names"});
    refused(folder, "dialects = [\"blog\"]\n",
            {"dialect blog:1:2: unknown key \"store\" in [dialect file]", "dialect blog:5:1", "did you mean 'match'?"});
    folder.file("cap.toml", "[capture]\nrequest_cap = 5\n");
    refused(folder, "dialects = [\"./cap.toml\"]\n", {"cap.toml:2:1", "operator's to set"});
}

void secrets(void**) {
    Folder folder;
    folder.file("new.key", "newsecret\n");
    folder.file("open.key", "oldsecret\r\n", 0644);
    setenv("TROTLINE_TEST_SECRET", "fromenvironment", 1);
    unsetenv("TROTLINE_TEST_NONE");
    const Result<PlanPtr> plan =
        load_text(folder, std::string(head) +
                              "secret = [{ file = \"new.key\" }, { env = \"TROTLINE_TEST_SECRET\" }, { file = "
                              "\"open.key\" }, \"literal-one\"]\n");
    assert_true(plan.ok());
    const std::vector<Secret>& all = plan.value()->subscriptions[0].secrets;
    assert_int_equal(all.size(), 4);
    assert_true(all[0].reveal() == "newsecret");
    assert_true(all[1].reveal() == "fromenvironment");
    assert_true(all[2].reveal() == "oldsecret");
    assert_int_equal(plan.value()->warnings.size(), 2);
    test::says(plan.value()->warnings[0], "can be read by others (mode 0644)");
    test::says(plan.value()->warnings[1], "stands in the file itself");
    for (const auto& [key, values] : plan.value()->settings)
        for (const std::string& value : values) assert_true(value.find("secret") == std::string::npos);

    const auto with = [](const char* line) { return std::string(head) + line; };
    refused(folder, with("secret = { env = \"TROTLINE_TEST_NONE\" }\n"), {"5:18", "\"TROTLINE_TEST_NONE\" is not set"});
    refused(folder, with("secret = { file = \"none.key\" }\n"), {"5:19", "cannot read secret file", "No such file"});
    refused(folder, with("secret = { file = \".\" }\n"), {"cannot read secret file"});
    refused(folder, with("secret = { file = \"new.key\", env = \"X\" }\n"), {"either"});
    refused(folder, with("secret = { fil = \"new.key\" }\n"), {"did you mean 'file'?", "either"});
    refused(folder, with("secret = []\n"), {"list of secrets is empty"});
    refused(folder, with("secret = \"\"\n"), {"secret is empty"});
    refused(folder, with("secret = \"short\"\n"), {"does not fit format \"standard\": it needs 8 bytes"});
    folder.file("empty.key", "\n");
    refused(folder, with("secret = { file = \"empty.key\" }\n"), {"is empty"});
}

// The overlap of a rotation: `until` is a moment, and something must go on signing when it is over.
void secrets_with_an_end(void**) {
    Folder folder;
    setenv("TROTLINE_TEST_SECRET", "fromenvironment", 1);
    folder.file("new.key", "newsecret\n");
    const auto with = [](const std::string& until) {
        return std::string(head) +
               "secret = [{ file = \"new.key\" }, { env = \"TROTLINE_TEST_SECRET\", until = " + until + " }]\n";
    };
    const Result<PlanPtr> plan = load_text(folder, with("2999-12-01T01:00:00+01:00"));
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    const std::vector<Secret>& all = plan.value()->subscriptions[0].secrets;
    assert_int_equal(all[0].until_s(), 0);
    assert_int_equal(all[1].until_s(), 32501001600);
    assert_true(all[1].reveal() == "fromenvironment");
    assert_true(plan.value()->warnings.empty());
    const Result<PlanPtr> over = load_text(folder, with("2020-01-01 00:00:00.5Z"));
    if (!over) fail_msg("%s", over.fault().text.c_str());
    assert_int_equal(over.value()->subscriptions[0].secrets[1].until_s(), 1577836800);
    assert_int_equal(over.value()->warnings.size(), 1);
    test::says(over.value()->warnings[0], "2020-01-01T00:00:00");
    test::says(over.value()->warnings[0], "has passed: it signs nothing, remove it");
    for (const char* wrong : {"2026-12-01", "2026-12-01T00:00:00", "\"2026-12-01T00:00:00Z\"", "1796083200"})
        refused(folder, with(wrong), {"'until' must be a date and time with its offset, without quotes"});
    refused(folder, std::string(head) + "secret = { file = \"new.key\", until = 2999-12-01T00:00:00Z }\n",
            {"one must be without"});
    // Only what signs is rotated so.
    refused(folder,
            std::string(head) +
                "secret = \"literal-one\"\nbasic_auth = { user = \"u\", password = { env = "
                "\"TROTLINE_TEST_SECRET\", until = 2999-12-01T00:00:00Z } }\n",
            {"until"});
}

void admin(void**) {
    Folder folder;
    folder.file("token", "0123456789abcdef\n");
    folder.file("short", "abc\n");
    const Result<PlanPtr> plan = load_text(folder, "[admin]\nlisten = \"unix:/run/x.sock\"\ntoken_file = \"token\"\n");
    assert_true(plan.ok());
    assert_true(plan.value()->admin.token.reveal() == "0123456789abcdef");
    assert_string_equal(plan.value()->setting("admin.listen", 0)->c_str(), "unix:/run/x.sock");
    refused(folder, "[admin]\nlisten = \"127.0.0.1:1\"\ntoken_file = \"short\"\n", {"shorter than 16 bytes"});
    refused(folder, "[admin]\nlisten = \"somewhere\"\ntoken_file = \"none\"\n", {"2:10", "3:14"});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(includes), cmocka_unit_test(wrong_includes),      cmocka_unit_test(dialects),
        cmocka_unit_test(secrets),  cmocka_unit_test(secrets_with_an_end), cmocka_unit_test(admin),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
