// A subscription's settings as the store keeps them: secrets with their end, also those written before there was one.
#include "loading.h"
#include "plan/subscription_json.h"

using namespace trot;

namespace {

Subscription round(const Subscription& settings) {
    const Result<Subscription> read = read_settings(spell_settings(settings), {});
    if (!read) fail_msg("%s", read.fault().text.c_str());
    return read.value();
}

void secrets_keep_their_end(void**) {
    Subscription settings;
    settings.url = check_url("https://warehouse.example/hooks", {}).value();
    settings.secrets = {Secret("the new secret"), Secret("the old secret", 1796083200)};
    const Subscription read = round(settings);
    assert_int_equal(read.secrets.size(), 2);
    assert_true(read.secrets[0].reveal() == "the new secret" && read.secrets[1].reveal() == "the old secret");
    assert_int_equal(read.secrets[0].until_s(), 0);
    assert_int_equal(read.secrets[1].until_s(), 1796083200);
    // Without an end they are written as they always were, so that an older Trotline reads them.
    test::says(spell_settings(settings), "\"secrets\":[\"the new secret\",{");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(secrets_keep_their_end)};
    return cmocka_run_group_tests_name("subscription_json", tests, nullptr, nullptr);
}
