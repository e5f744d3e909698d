// Ed25519 against RFC 8032 7.1, hashes, base64url, and secrets that keep their end.

#include <string>

#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

using namespace trot;

namespace {

std::string unhex(std::string_view text) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string out;
    for (size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(value(text[i]) * 16 + value(text[i + 1]));
    return out;
}

void expect(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

void rfc_8032(void**) {
    struct Case {
        const char *seed, *key, *message, *signature;
    };
    const Case cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
         "d25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
         "387b2eaeb4302aeeb00d291612bb0c00"}};
    for (const Case& one : cases) {
        const Result<Ed25519> pair = Ed25519::from_seed(unhex(one.seed));
        assert_true(pair.ok());
        expect(hex(pair.value().public_key()), one.key);
        const std::string message = unhex(one.message);
        const std::string signature = pair.value().sign(message);
        expect(hex(signature), one.signature);
        assert_true(ed25519_proves(unhex(one.key), message, signature));
        assert_false(ed25519_proves(unhex(one.key), message + "x", signature));
        std::string other = signature;
        other[0] = static_cast<char>(other[0] ^ 1);
        assert_false(ed25519_proves(unhex(one.key), message, other));
        assert_false(ed25519_proves(unhex(one.key).substr(1), message, signature));
        assert_false(ed25519_proves(unhex(one.key), message, signature.substr(1)));
        assert_false(ed25519_proves(unhex(one.key), message, ""));
    }
    assert_false(Ed25519::from_seed("short").ok());
    assert_false(Ed25519::from_seed(std::string(33, 'x')).ok());
}

void hashes(void**) {
    expect(hex(hash_of(Digest::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(hex(hash_of(Digest::sha256, "")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(hash_of(Digest::sha512, "abc").size(), 64);
    expect(base64url("\xfb\xff\xfe"), "-__-");
    expect(base64url("a"), "YQ");
}

// A copy that forgot its end would sign for ever.
void secrets_keep_their_end(void**) {
    const Secret one("0123456789abcdef", 100);
    assert_true(one.holds(99));
    assert_false(one.holds(100));
    Secret copied(one);
    Secret assigned("other");
    assigned = one;
    Secret moved(std::move(copied));
    Secret taken("other");
    taken = Secret(one);
    for (const Secret* each : {&assigned, &moved, &taken}) {
        assert_int_equal(each->until_s(), 100);
        assert_true(each->reveal() == "0123456789abcdef");
    }
    assert_true(Secret("x").holds(1LL << 60));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rfc_8032),
        cmocka_unit_test(hashes),
        cmocka_unit_test(secrets_keep_their_end),
    };
    return cmocka_run_group_tests_name("ed25519", tests, nullptr, nullptr);
}
