// Content codings: each kind, chains, cuts, damage, and bombs that cost no more than the cap.
#include <brotli/encode.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "codec/inflate.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

using namespace trot;

namespace {

std::string compress_zlib(const std::string& text, int window_bits) {
    z_stream z{};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

std::string gzip(const std::string& text) { return compress_zlib(text, 16 + MAX_WBITS); }

std::string brotli(const std::string& text) {
    size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
    std::string out(size, '\0');
    assert_int_equal(
        BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(), reinterpret_cast<const uint8_t*>(text.data()),
                              &size, reinterpret_cast<uint8_t*>(out.data())),
        BROTLI_TRUE);
    out.resize(size);
    return out;
}

std::string sample() {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "{\"id\":" + std::to_string(i * 7919) + "},";
    return text;
}

void expect(const std::string& coding, const std::string& body, const std::string& want) {
    const Result<Decoded> out = decode_content(coding, body, 1 << 20);
    if (!out) fail_msg("%s: %s", coding.c_str(), out.fault().text.c_str());
    assert_false(out.value().truncated);
    assert_true(out.value().bytes == want);
}

void each_coding(void**) {
    for (const std::string& text : {sample(), std::string("x"), std::string()}) {
        expect("", text, text);
        expect("identity", text, text);
        expect("gzip", gzip(text), text);
        expect("X-GZip", gzip(text), text);
        expect("deflate", compress_zlib(text, MAX_WBITS), text);
        expect("deflate", compress_zlib(text, -MAX_WBITS), text);
        expect("br", brotli(text), text);
        expect(" GZIP , identity", gzip(text), text);
        expect("br, gzip", gzip(brotli(text)), text);
        expect("gzip,deflate,br", brotli(compress_zlib(gzip(text), MAX_WBITS)), text);
        expect("gzip", gzip(text) + gzip("more"), text + "more");
        expect("gzip", gzip(text) + std::string(8, '\0'), text);
    }
}

void cuts_are_marked(void**) {
    const std::string text = sample();
    for (const std::string& coding : {std::string("gzip"), std::string("br"), std::string("deflate")}) {
        const std::string whole = coding == "gzip" ? gzip(text)
                                  : coding == "br" ? brotli(text)
                                                   : compress_zlib(text, -MAX_WBITS);
        for (size_t cut = 0; cut < whole.size(); cut += 97) {
            const Result<Decoded> out = decode_content(coding, whole.substr(0, cut), 1 << 20);
            assert_true(out.ok());
            assert_true(out.value().truncated);
            assert_true(text.compare(0, out.value().bytes.size(), out.value().bytes) == 0);
        }
    }
    const Result<Decoded> capped = decode_content("", text, 10);
    assert_true(capped.value().truncated);
    assert_int_equal(capped.value().bytes.size(), 10);
    const Result<Decoded> exact = decode_content("gzip", gzip(text), text.size());
    assert_false(exact.value().truncated);
    const Result<Decoded> less = decode_content("gzip", gzip(text), text.size() - 1);
    assert_true(less.value().truncated);
    assert_int_equal(less.value().bytes.size(), text.size() - 1);
    assert_true(decode_content("br", brotli(text), text.size() - 1).value().truncated);
    assert_true(decode_content("br, gzip", gzip(brotli(text)), 100).value().truncated);
}

void damage_is_a_fault(void**) {
    std::string broken = gzip(sample());
    broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
    assert_false(decode_content("gzip", broken, 1 << 20).ok());
    std::string checksum = gzip("hello");
    checksum[checksum.size() - 6] = static_cast<char>(checksum[checksum.size() - 6] ^ 1);
    assert_false(decode_content("gzip", checksum, 1 << 20).ok());
    assert_false(decode_content("gzip", "plain text that is no gzip", 1 << 20).ok());
    assert_false(decode_content("br", "\xff\xff\xff\xff\xff\xff", 1 << 20).ok());
    assert_false(decode_content("zstd", "x", 1 << 20).ok());
    assert_false(decode_content("gzip,gzip,gzip,gzip,gzip", "x", 1 << 20).ok());
}

void bombs(void**) {
    const std::string zeros(64 << 20, '\0');
    const size_t cap = 1 << 20;
    for (const std::string& coding : {std::string("gzip"), std::string("br"), std::string("gzip, gzip")}) {
        const std::string bomb = coding == "gzip" ? gzip(zeros) : coding == "br" ? brotli(zeros) : gzip(gzip(zeros));
        const Result<Decoded> out = decode_content(coding, bomb, cap);
        assert_true(out.ok());
        assert_true(out.value().truncated);
        assert_int_equal(out.value().bytes.size(), cap);
        assert_true(out.value().bytes.capacity() <= 4 * cap);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_coding),
        cmocka_unit_test(cuts_are_marked),
        cmocka_unit_test(damage_is_a_fault),
        cmocka_unit_test(bombs),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
