// How a subscription proves who it is: bearer, oauth, headers from elsewhere, [tls] with its files; and that none of it
// is taken when it cannot work.
#include <openssl/err.h>

#include "loading.h"
#include "tests/unit/egress/tls.h"

using namespace trot;
using test::Folder;

namespace {

const std::string head =
    "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\nformat = \"plain\"\n";
const std::string oauth =
    "[subscription.oauth]\ntoken_url = \"https://login.example/token\"\nclient_id = \"us\"\nclient_secret = "
    "{ env = \"TROTLINE_TEST_CLIENT\" }\n";

PlanPtr load_beside(Folder& folder, const std::string& text) {
    const Result<PlanPtr> plan = load_plan(folder.file("main.toml", text), test::words());
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return plan.value();
}

void refused(Folder& folder, const std::string& text, std::initializer_list<const char*> wants) {
    const Result<PlanPtr> plan = load_plan(folder.file("main.toml", text), test::words());
    if (plan) fail_msg("taken: %s", text.c_str());
    for (const char* want : wants) test::says(plan.fault().text, want);
}

void bearer(void**) {
    Folder folder;
    folder.file("token", "abc.def\n");
    folder.file("spaced", "abc \n");
    const PlanPtr plan = load_beside(folder, head + "bearer = { file = \"token\" }\n");
    assert_true(plan->subscriptions[0].authorization.reveal() == "Bearer abc.def");
    assert_true(plan->warnings.empty());
    assert_true(load_beside(folder, head + "bearer = \"\"\n")->subscriptions[0].authorization.empty());
    test::says(load_beside(folder, head + "bearer = \"abc\"\n")->warnings.at(0), "stands in the file itself");
    refused(folder, head + "bearer = { file = \"none\" }\n", {"6:19", "cannot read secret file"});
    refused(folder, head + "bearer = { file = \"spaced\" }\n", {"6:10", "begins or ends with a blank"});
    refused(folder, head + "bearer = [\"a\", \"b\"]\n", {"'bearer' must be one"});
    refused(folder, head + "bearer = \"Bearer abc\"\n", {"is sent anyway"});
    refused(folder, head + "bearer = \"a\\nb\"\n", {"line break"});
}

void headers_from_elsewhere_in_their_order(void**) {
    Folder folder;
    folder.file("key", "k-123\n");
    setenv("TROTLINE_TEST_CLIENT", "s3cret", 1);
    const PlanPtr plan =
        load_beside(folder, head +
                                "headers = { Z-First = \"1\", X-Api-Key = { file = \"key\" }, A-Last = "
                                "{ env = \"TROTLINE_TEST_CLIENT\" } }\n");
    const Fields& headers = plan->subscriptions[0].headers;
    assert_int_equal(headers.size(), 3);
    assert_true(headers[0].name == "Z-First" && headers[0].value == "1");
    assert_true(headers[1].name == "X-Api-Key" && headers[1].value == "k-123");
    assert_true(headers[2].name == "A-Last" && headers[2].value == "s3cret");
    assert_true(plan->warnings.empty());
    const PlanPtr lines =
        load_beside(folder, head + "[subscription.headers]\nZ-First = \"1\"\nM = \"2\"\nA-Last = \"3\"\n");
    assert_true(lines->subscriptions[0].headers[0].name == "Z-First" &&
                lines->subscriptions[0].headers[2].value == "3");
    test::says(load_beside(folder, head + "headers = { X-Api-Key = \"k\" }\n")->warnings.at(0), "keeps it out");
    refused(folder, head + "headers = { X-Key = { env = \"TROTLINE_TEST_NONE\" } }\n", {"6:29", "is not set"});
    refused(folder, head + "headers = { X-Key = [\"a\"] }\n", {"6:21", "not a list"});
    refused(folder, head + "headers = { X-Key = \"\" }\n", {"has no value"});
    folder.file("two", "a\nb\n");
    refused(folder, head + "headers = { X-Key = { file = \"two\" } }\n", {"line break"});
}

void client_credentials(void**) {
    Folder folder;
    setenv("TROTLINE_TEST_CLIENT", "s3cret", 1);
    const PlanPtr plan =
        load_beside(folder, head + oauth + "scope = \"a b\"\naudience = \"https://w.example\"\nauth = \"body\"\n");
    const OAuthRules& rules = plan->subscriptions[0].oauth;
    assert_true(rules.set() && rules.in_body);
    assert_true(rules.token_url.host == "login.example" && rules.client_id == "us");
    assert_true(rules.client_secret.reveal() == "s3cret");
    assert_true(rules.scope == "a b" && rules.audience == "https://w.example");
    assert_false(load_beside(folder, head + oauth)->subscriptions[0].oauth.in_body);
    assert_false(load_beside(folder, head + "[subscription.oauth]\ntoken_url = \"\"\n")->subscriptions[0].oauth.set());
    refused(folder, head + "[subscription.oauth]\nclient_id = \"x\"\n",
            {"6:1: 'oauth' has no 'token_url'", "has no 'client_secret'"});
    refused(folder, head + "[subscription.oauth]\ntoken_url = \"https://a.example/\"\nclient_id = \"\"\n",
            {"8:13: 'oauth' has no 'client_id'"});
    refused(folder, head + oauth + "auth = \"bsic\"\n", {"10:8", "did you mean \"basic\"?"});
    refused(folder, head + oauth + "scop = \"x\"\n", {"did you mean 'scope'?"});
    refused(folder, head + "oauth = 5\n", {"'oauth' must be a table"});
    refused(folder,
            head +
                "[subscription.oauth]\ntoken_url = \"ftp://a.example/\"\nclient_id = \"x\"\nclient_secret = "
                "{ env = \"TROTLINE_TEST_CLIENT\" }\n",
            {"7:13", "'token_url' is refused"});
    const PlanPtr plain = load_beside(
        folder, head +
                    "[subscription.oauth]\ntoken_url = \"http://a.example/\"\nclient_id = \"x\"\nclient_secret = "
                    "{ env = \"TROTLINE_TEST_CLIENT\" }\n");
    test::says(plain->warnings.at(0), "in the clear");
}

void two_makers_of_one_header_are_a_mistake(void**) {
    Folder folder;
    setenv("TROTLINE_TEST_CLIENT", "s3cret", 1);
    const std::string basic = "basic_auth = { user = \"a\", password = { env = \"TROTLINE_TEST_CLIENT\" } }\n";
    const std::string token = "bearer = { env = \"TROTLINE_TEST_CLIENT\" }\n";
    const std::string field = "headers = { authorization = { env = \"TROTLINE_TEST_CLIENT\" } }\n";
    refused(folder, head + basic + token, {"7:10: 'bearer' and 'basic_auth' are two for one"});
    refused(folder, head + basic + field, {"6:14: 'basic_auth' and a header Authorization are two for one"});
    refused(folder, head + token + field, {"6:10: 'bearer' and a header Authorization are two for one"});
    for (const std::string& other : {basic, token, field}) refused(folder, head + other + oauth, {"'oauth' and "});
}

struct Pems {
    explicit Pems(Folder& folder) {
        const tls::Identity ca = tls::make({nullptr, -3600, 90L * 86400, true, nullptr});
        folder.file("ca.pem", tls::pem_of(ca));
        for (const auto& [name, ends] : {std::pair("good", 90L * 86400), {"old", -60L}, {"soon", 86400L}}) {
            const tls::Identity one = tls::make({"DNS:us.example", -86400, ends, false, nullptr}, &ca);
            folder.file(std::string(name) + ".pem", tls::pem_of(one));
            folder.file(std::string(name) + ".key", tls::key_of(one));
            folder.file(std::string(name) + ".locked", tls::key_of(one, "opensesame"));
        }
        folder.file("open.key", tls::key_of(ca), 0644);
        folder.file("no.pem", "nothing\n");
    }
};

void tls_files_are_looked_at(void**) {
    Folder folder;
    const Pems pems(folder);
    setenv("TROTLINE_TEST_PASS", "opensesame", 1);
    setenv("TROTLINE_TEST_WRONG", "sesame", 1);
    const auto with = [](const std::string& lines) { return head + "[subscription.tls]\n" + lines; };
    const std::string pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const PlanPtr plan =
        load_beside(folder, with("ca_file = \"ca.pem\"\npins = [\"" + pin +
                                 "\"]\ncert_file = \"good.pem\"\nkey_file = \"good.locked\"\nkey_passphrase = { env = "
                                 "\"TROTLINE_TEST_PASS\" }\n"));
    const TlsRules& rules = plan->subscriptions[0].tls;
    assert_true(rules.ca_file == folder.path() + "/ca.pem" && rules.cert_file == folder.path() + "/good.pem");
    assert_true(rules.pins == std::vector<std::string>{pin});
    assert_true(rules.key_passphrase.reveal() == "opensesame" && plan->warnings.empty());

    const std::string pair = "cert_file = \"good.pem\"\nkey_file = ";
    refused(folder, with("ca_file = \"none.pem\"\n"), {"main.toml:7:11: 'ca_file': ", "No such file"});
    refused(folder, with("ca_file = \"no.pem\"\n"), {"7:11", "holds no certificate in PEM"});
    refused(folder, with("cert_file = \"none.pem\"\nkey_file = \"good.key\"\n"),
            {"7:13: 'cert_file'", "cannot be read"});
    refused(folder, with("cert_file = \"no.pem\"\nkey_file = \"good.key\"\n"), {"7:13", "holds no certificate"});
    refused(folder, with(pair + "\"none.key\"\n"), {"8:12: 'key_file'", "cannot be read"});
    refused(folder, with(pair + "\"no.pem\"\n"), {"8:12", "holds no private key"});
    refused(folder, with(pair + "\"old.key\"\n"), {"8:12", "does not belong to the certificate"});
    refused(folder, with(pair + "\"good.locked\"\n"), {"8:12", "needs a passphrase"});
    refused(folder, with(pair + "\"good.locked\"\nkey_passphrase = { env = \"TROTLINE_TEST_WRONG\" }\n"),
            {"8:12", "does not open it"});
    refused(folder, with("cert_file = \"good.pem\"\n"), {"7:13", "'cert_file' is there without 'key_file'"});
    refused(folder, with("key_file = \"good.key\"\n"), {"7:12", "'key_file' is there without 'cert_file'"});
    refused(folder, with("pins = [\"sha256//AAAA\"]\n"), {"7:8", "44 characters"});
    refused(folder, with("pins = [\"" + pin.substr(8) + "\"]\n"), {"7:8", "it must be \"sha256//\""});
    refused(folder, with("ca_fil = \"x\"\n"), {"did you mean 'ca_file'?"});
    refused(folder, head + "tls = true\n", {"'tls' must be a table"});

    const auto warned = [&](const std::string& lines, const char* want) {
        const PlanPtr made = load_beside(folder, lines);
        if (made->warnings.size() != 1) fail_msg("%zu warnings for %s", made->warnings.size(), lines.c_str());
        test::says(made->warnings[0], want);
    };
    warned(with("cert_file = \"old.pem\"\nkey_file = \"old.key\"\n"), "expired on ");
    warned(with("cert_file = \"soon.pem\"\nkey_file = \"soon.key\"\n"), "renew it soon");
    warned(with("cert_file = \"ca.pem\"\nkey_file = \"open.key\"\n"), "can be read by others");
    std::string plain = with("ca_file = \"ca.pem\"\n");
    warned(plain.replace(plain.find("https"), 5, "http"), "'tls' has no effect");
    assert_int_equal(ERR_peek_error(), 0);
}

// [delivery.tls] is everybody's, a subscription's own keys go over it; its files are looked at once.
void tls_of_all(void**) {
    Folder folder;
    const Pems pems(folder);
    const std::string all = "[delivery.tls]\nca_file = \"ca.pem\"\ncert_file = \"old.pem\"\nkey_file = \"old.key\"\n";
    const PlanPtr plan = load_beside(folder, all + head + "[subscription.tls]\nca_file = \"\"\n" +
                                                 "[[subscription]]\nname = \"v\"\ntopics = [\"*\"]\nurl = "
                                                 "\"https://v.example/\"\nformat = \"plain\"\n");
    assert_true(plan->subscriptions[0].tls.ca_file.empty());
    assert_true(plan->subscriptions[0].tls.cert_file == folder.path() + "/old.pem");
    assert_true(plan->subscriptions[1].tls.ca_file == folder.path() + "/ca.pem");
    assert_true(plan->delivery.tls.key_file == folder.path() + "/old.key");
    assert_int_equal(plan->warnings.size(), 1);
    refused(folder, "[delivery.tls]\nca_file = \"none\"\n" + head, {"main.toml:2:11"});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(bearer),
        cmocka_unit_test(headers_from_elsewhere_in_their_order),
        cmocka_unit_test(client_credentials),
        cmocka_unit_test(two_makers_of_one_header_are_a_mistake),
        cmocka_unit_test(tls_files_are_looked_at),
        cmocka_unit_test(tls_of_all),
    };
    return cmocka_run_group_tests_name("credentials", tests, nullptr, nullptr);
}
