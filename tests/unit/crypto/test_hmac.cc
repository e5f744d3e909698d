// HMAC against RFC 2202 and 4231, base64 and hex both ways, secrets that are wiped.

#include <string>

#include "crypto/hmac.h"
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

using trot::Digest;
using trot::Hmac;

namespace {

std::string mac(Digest digest, std::string_view key, std::string_view text) {
    return trot::hex(Hmac(digest, key).sign({text}));
}

void expect(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

void hmac_known_answers(void**) {
    const std::string k20(20, '\x0b');
    const std::string aa131(131, '\xaa');
    expect(mac(Digest::sha1, k20, "Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
    expect(mac(Digest::sha256, k20, "Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect(mac(Digest::sha512, k20, "Hi There"),
           "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
           "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
    expect(mac(Digest::sha256, "Jefe", "what do ya want for nothing?"),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect(mac(Digest::sha256, aa131, "Test Using Larger Than Block-Size Key - Hash Key First"),
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    expect(mac(Digest::sha256, "", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// The context is made once: each message must come out as if it were the first.
void hmac_reused_and_in_pieces(void**) {
    Hmac signer(Digest::sha256, "Jefe");
    const std::string want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    for (int i = 0; i < 3; ++i) {
        expect(trot::hex(signer.sign({"what do ya want ", "", "for nothing?"})), want);
        signer.sign({"something else"});
    }
    Hmac moved = std::move(signer);
    expect(trot::hex(moved.sign({"what do ya want for nothing?"})), want);
    Hmac empty(Digest::sha256, "");
    empty.sign({"x"});
    expect(trot::hex(empty.sign({})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

void base64_both_ways(void**) {
    const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xff\xfe", "//4="}};
    for (auto [plain, spelled] : cases) {
        expect(trot::base64(plain), spelled);
        auto back = trot::unbase64(spelled);
        assert_true(back.ok());
        expect(back.value(), plain);
    }
    for (const char* wrong :
         {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "====", "Zm 9v", "Zm9v\n", "Zm9_", "Zg==\n"})
        assert_false(trot::unbase64(wrong).ok());
    std::string every;
    for (int i = 0; i < 1024; ++i) every += static_cast<char>(i * 7);
    for (size_t n = 0; n < every.size(); n += 13) {
        auto back = trot::unbase64(trot::base64(every.substr(0, n)));
        assert_true(back.ok() && back.value() == every.substr(0, n));
    }
}

void same_secret_compares(void**) {
    assert_true(trot::same_secret("", ""));
    assert_true(trot::same_secret("abc", "abc"));
    assert_false(trot::same_secret("abc", "abd"));
    assert_false(trot::same_secret("abc", "ab"));
    assert_true(trot::same_secret(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
    assert_false(trot::same_secret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

void random_bytes_differ(void**) {
    assert_int_equal(trot::random_bytes(0).size(), 0);
    assert_int_equal(trot::random_bytes(1000).size(), 1000);
    assert_true(trot::random_bytes(16) != trot::random_bytes(16));
}

void secret_moves_and_hints(void**) {
    trot::Secret secret("short-one");
    expect(secret.hint(), "set");
    expect(trot::Secret().hint(), "unset");
    trot::Secret longer("whsec_0123456789abcdef-ab12");
    expect(longer.hint(), "set, ends in ab12");
    trot::Secret moved = std::move(longer);
    expect(std::string(moved.reveal()), "whsec_0123456789abcdef-ab12");
    moved = secret;
    expect(std::string(moved.reveal()), "short-one");
    trot::Secret small("short-one");
    const char* inside = small.reveal().data();  // in the string's own buffer, which outlives the move
    trot::Secret taken;
    taken = std::move(small);
    expect(std::string(taken.reveal()), "short-one");
    for (size_t i = 0; i < 9; ++i) assert_int_equal(inside[i], 0);
    expect(trot::Secret("whsec_0123456789abcdef\xc3\xbc").hint(), "set");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(hmac_known_answers),  cmocka_unit_test(hmac_reused_and_in_pieces),
        cmocka_unit_test(base64_both_ways),    cmocka_unit_test(same_secret_compares),
        cmocka_unit_test(random_bytes_differ), cmocka_unit_test(secret_moves_and_hints),
    };
    return cmocka_run_group_tests_name("crypto", tests, nullptr, nullptr);
}
