// Form bodies as browsers, curl and PHP clients send them, and the broken ones.
#include <string>

#include "codec/form.h"

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

void expect(const FormFields& got, const Fields& want) {
    assert_int_equal(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
        assert_string_equal(got[i].name.c_str(), want[i].name.c_str());
        assert_string_equal(got[i].value.c_str(), want[i].value.c_str());
    }
}

void urlencoded(void**) {
    const char* type = "Application/X-WWW-Form-UrlEncoded; charset=UTF-8";
    expect(parse_form(type, "a=1&b=+x%20y+&c&=d&&e=%zz%4&post%5Btitle%5D=a%3Db&post[tags][]=1&post[tags][]=2=3"),
           {{"a", "1"},
            {"b", " x y "},
            {"c", ""},
            {"", "d"},
            {"e", "%zz%4"},
            {"post[title]", "a=b"},
            {"post[tags][]", "1"},
            {"post[tags][]", "2=3"}});
    expect(parse_form(type, ""), {});
    expect(parse_form(type, "&&&"), {});
    assert_int_equal(parse_form(type, "a&b&c&d", 3).size(), 3);
    expect(parse_form("application/json", "a=1"), {});
    expect(parse_form("", "a=1"), {});
}

void multipart(void**) {
    const std::string body =
        "preamble --B\r\n--B \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n--Bx\r\n"
        "--B\r\ncontent-disposition:form-data; filename=\"C:\\tmp\\\"x\\\".png\"; name=file\r\nContent-Type: "
        "image/png\r\n\r\n\x89PNG\r\n"
        "--B\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=\"q%22uo\"\r\n\r\n\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n--B\r\n"
        "Content-Disposition: attachment; name=\"no\"\r\n\r\nx\r\n"
        "--B\r\nContent-Disposition: form-data; name=n; "
        "filename*=UTF-8''na%C3%AFve.txt\r\n\r\nx\r\n--B--\r\nepilogue\r\n--B\r\n";
    expect(parse_form("multipart/form-data; boundary=\"B\"", body), {{"a", "one\r\ntwo\r\n--Bx"},
                                                                     {"file", "C:\\tmp\"x\".png"},
                                                                     {"q\"uo", ""},
                                                                     {"e", ""},
                                                                     {"n", "na\xc3\xafve.txt"}});
    const FormFields fields = parse_form("multipart/form-data; boundary=\"B\"", body);
    assert_true(fields[1].file && fields[4].file && !fields[0].file && !fields[2].file);
    assert_string_equal(fields[1].type.c_str(), "image/png");
    assert_string_equal(fields[4].type.c_str(), "");
    // Line feeds alone, as some scripts send them.
    expect(parse_form("multipart/form-data;boundary=B", "--B\nContent-Disposition: form-data; name=\"a\"\n\nv\n--B--"),
           {{"a", "v"}});
}

void cut_multipart(void**) {
    const std::string type = "multipart/form-data; boundary=----x";
    const std::string first = "------x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n------x\r\n";
    const std::string file = "Content-Disposition: form-data; name=\"f\"; filename=\"p.png\"\r\n\r\n";
    expect(parse_form(type, first), {{"a", "v"}});
    expect(parse_form(type, first + "Content-Disposition: form-data; name=\"b\"\r\n\r\nhalf"), {{"a", "v"}});
    expect(parse_form(type, first + file + std::string(5000, 'x')), {{"a", "v"}, {"f", "p.png"}});
    expect(parse_form(type, first + "no header at all\r\n\r\nx\r\n------x--"), {{"a", "v"}});
    expect(parse_form(type, first + "X: " + std::string(20000, 'y')), {{"a", "v"}});
    expect(parse_form("multipart/form-data", first), {});
    expect(parse_form("multipart/form-data; boundary=", first), {});
    expect(parse_form("multipart/form-data; boundary=" + std::string(71, 'x'), first), {});
    for (size_t cut = 0; cut < first.size(); ++cut) (void)parse_form(type, first.substr(0, cut));
    std::string many;
    for (int i = 0; i < 3; ++i) many += first.substr(0, first.size() - 9);
    assert_int_equal(parse_form(type, many + "------x--", 2).size(), 2);
    assert_int_equal(parse_form(type, many + "------x--").size(), 3);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(urlencoded),
        cmocka_unit_test(multipart),
        cmocka_unit_test(cut_multipart),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
