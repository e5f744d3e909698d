// JSON pointers: the examples of RFC 6901, raw bytes, and the documents that must be refused or taken.
#include <jansson.h>

#include <cstring>

#include "json/pointer.h"

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

void same(std::string_view got, std::string_view want) {
    assert_int_equal(got.size(), want.size());
    assert_memory_equal(got.data(), want.data(), want.size());
}

void rfc6901_examples(void**) {
    const std::string text =
        R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
    JsonReader reader;
    reader.load(text);
    assert_true(reader.valid());
    same(reader.find("").raw, text);
    same(reader.find("/foo").raw, R"(["bar","baz"])");
    same(reader.find("/foo/0").raw, "\"bar\"");
    same(reader.find("/").raw, "0");
    same(reader.find("/a~1b").raw, "1");
    same(reader.find("/c%d").raw, "2");
    same(reader.find("/e^f").raw, "3");
    same(reader.find("/g|h").raw, "4");
    same(reader.find("/i\\j").raw, "5");
    same(reader.find("/k\"l").raw, "6");
    same(reader.find("/ ").raw, "7");
    same(reader.find("/m~0n").raw, "8");
    assert_true(reader.find("/foo/00").kind == JsonKind::missing);
    assert_true(reader.find("/foo/2").kind == JsonKind::missing);
    assert_true(reader.find("/foo/-").kind == JsonKind::missing);
    assert_true(reader.find("/foo/0/x").kind == JsonKind::missing);
    assert_true(reader.find("foo").kind == JsonKind::missing);
}

void raw_bytes_are_the_callers(void**) {
    const std::string text = " { \"a\" : { \"b\" : [ 1.50e+3 , -0 ] } , \"n\" : null\t, \"a\" : 2, \"t\":true } \r\n";
    JsonReader reader;
    reader.load(text);
    const JsonValue value = reader.find("/a/b/0");
    same(value.raw, "1.50e+3");
    assert_true(value.raw.data() > text.data() && value.raw.data() < text.data() + text.size());
    same(reader.find("/a").raw, "{ \"b\" : [ 1.50e+3 , -0 ] }");
    assert_true(reader.find("/a").kind == JsonKind::object);
    assert_true(reader.find("/n").kind == JsonKind::null);
    assert_true(reader.find("/t").kind == JsonKind::boolean);
    assert_true(reader.find("/a/b").kind == JsonKind::array);
    const std::vector<std::string_view> items = reader.elements("/a/b");
    assert_int_equal(items.size(), 2);
    same(items[1], "-0");
    assert_true(reader.elements("/a").empty());
    const std::vector<JsonMember> members = reader.members("");
    assert_int_equal(members.size(), 4);
    same(members[0].key, "\"a\"");
    same(members[3].value.raw, "true");
}

void deep(std::string& text, size_t depth) { text = std::string(depth, '[') + std::string(depth, ']'); }

void validity(void**) {
    JsonReader reader;
    const std::vector<std::string> good = {"0",
                                           "-0.0E-7",
                                           "null",
                                           "\"\"",
                                           "[]",
                                           "{}",
                                           " [ { } , [ ] ] ",
                                           "\"\\ud800\"",
                                           "123456789012345678901234567890",
                                           "1e999",
                                           "\"\\u00e9\\n\\/\"",
                                           "{\"a\":1,\"a\":2}",
                                           "\"\xc3\xa9\"",
                                           "[\"\x7f\"]"};
    for (const std::string& text : good) {
        reader.load(text);
        if (!reader.valid()) fail_msg("refused: %s", text.c_str());
    }
    std::vector<std::string> bad = {"",
                                    " ",
                                    "\xef\xbb\xbf{}",
                                    "{} x",
                                    "{}{}",
                                    "1 2",
                                    "01",
                                    "1.",
                                    ".5",
                                    "+1",
                                    "-",
                                    "1e",
                                    "tru",
                                    "truee",
                                    "nul",
                                    "{",
                                    "}",
                                    "[",
                                    "]",
                                    "[1,]",
                                    "[,1]",
                                    "{\"a\"}",
                                    "{\"a\":}",
                                    "{\"a\":1,}",
                                    "{a:1}",
                                    "{1:1}",
                                    "[1 2]",
                                    "[1}",
                                    "{]",
                                    "\"a",
                                    "\"\\x\"",
                                    "\"\\u12g4\"",
                                    "\"\\\"",
                                    "\"a\"b",
                                    "\"\xff\"",
                                    "\"\xed\xa0\x80\"",
                                    "\"\x01\"",
                                    "'a'",
                                    "NaN",
                                    "Infinity",
                                    "[1]\f",
                                    "[\f1]",
                                    "[1\x1a 2]",
                                    "\"\n\"",
                                    "/**/1",
                                    "{\"a\":1 \"b\":2}",
                                    "\"a\"\"b\"",
                                    "\"a\":1",
                                    ":",
                                    ",",
                                    "[1,,2]",
                                    "1\"a\"",
                                    "{\"a\"::1}",
                                    "[\"a\":1]"};
    bad.emplace_back("[1]\0", 4);
    bad.emplace_back("\0", 1);
    for (const std::string& text : bad) {
        reader.load(text);
        if (reader.valid()) fail_msg("taken: %s", text.c_str());
        assert_true(reader.find("").kind == JsonKind::missing);
        assert_true(reader.elements("").empty());
        assert_true(reader.members_named({"a"}).empty());
    }
    std::string text;
    deep(text, 256);
    reader.load(text);
    assert_true(reader.valid());
    deep(text, 257);
    reader.load(text);
    assert_false(reader.valid());
    deep(text, 200000);
    reader.load(text);
    assert_false(reader.valid());
}

// Every prefix and every one-byte change of a document: jansson and we say the same, but for what is ours to allow.
void agrees_with_jansson(void**) {
    const std::string seed = R"({"id":12,"s":"a\"\u00e9 é","l":[true,false,null,-1.5e2,{}],"o":{"k":[[]]}} )";
    const std::string bytes = "{}[]:,\"\\ 0-.eEtnu\xc3\x01";
    JsonReader reader;
    size_t checked = 0;
    const auto compare = [&](const std::string& text) {
        json_error_t error;
        json_t* tree = json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        reader.load(text);
        const bool lenient = tree == nullptr && (std::strstr(error.text, "overflow") != nullptr ||
                                                 std::strstr(error.text, "too big") != nullptr ||
                                                 std::strstr(error.text, "invalid Unicode '") != nullptr);
        if (!lenient && reader.valid() != (tree != nullptr))
            fail_msg("%s: jansson says %s", text.c_str(), tree ? "valid" : error.text);
        json_decref(tree);
        ++checked;
    };
    for (size_t cut = 0; cut <= seed.size(); ++cut) compare(seed.substr(0, cut));
    for (size_t at = 0; at < seed.size(); ++at) {
        for (const char byte : bytes) {
            std::string text = seed;
            text[at] = byte;
            compare(text);
            text.insert(at, 1, byte);
            compare(text);
        }
    }
    assert_true(checked > 2000);
}

void a_reader_is_reused(void**) {
    JsonReader reader;
    std::string big = "[";
    for (int i = 0; i < 400000; ++i) big += "12345,";
    big += "7]";
    for (int round = 0; round < 3; ++round) {
        reader.load(big);
        assert_true(reader.valid());
        same(reader.find("/400000").raw, "7");
        reader.load("{\"a\":1}");
        same(reader.find("/a").raw, "1");
        reader.load("nonsense");
        assert_false(reader.valid());
    }
}

void members_by_name(void**) {
    JsonReader reader;
    reader.load(R"({"Password":{"password":1},"a":[{"pass\u0077ord":"x","b":"password"}],"token":[1,2],"tokens":3})");
    const std::vector<JsonMember> found = reader.members_named({"password", "TOKEN"});
    assert_int_equal(found.size(), 3);
    same(found[0].value.raw, R"({"password":1})");
    same(found[1].value.raw, "\"x\"");
    same(found[2].value.raw, "[1,2]");
}

// Most keys are told from the names by their length: with blanks, escapes and very long ones that must not miss any.
void members_by_name_however_written(void**) {
    const std::string seventy(70, 'n');
    JsonReader reader;
    const std::string spaced = "{ \"ab\" : 1, \"abc\"\n:\t{ \"AB\":2 }, \"xy\" :[ {\"ab\":3} ], \"" + seventy +
                               "\":4, \"" + seventy + "x\":5, \"\":6 }";
    reader.load(spaced);
    std::string told;
    for (const JsonMember& one : reader.members_named({"ab", seventy, ""})) told += std::string(one.value.raw) + " ";
    same(told, "1 2 3 4 6 ");
    // A backslash in a value, in a key that is sought, and in one that is not.
    for (const char* text : {R"({"v":"\\","ab":1,"cd":"ab"})", R"({"\u0061b":1,"abcdefg":2})", R"({"\/":0,"ab":1})"}) {
        reader.load(text);
        const std::vector<JsonMember> found = reader.members_named({"ab"});
        assert_int_equal(found.size(), 1);
        same(found[0].value.raw, "1");
    }
}

void texts_by_their_beginning(void**) {
    JsonReader reader;
    reader.load(R"({"$2y$":"x","a":["$2y$10","\u00242y$","2y$","","$"],"b":{"c":"\/$2y$","d":"$2y$\/"}})");
    std::string told;
    for (const JsonValue& one : reader.texts_beginning({"$2y$", "=x"})) told += std::string(one.raw) + " ";
    same(told, R"("$2y$10" "\u00242y$" "$2y$\/" )");
}

// Escapes are looked at where they are, wherever that is.
void escapes_are_checked_wherever_they_stand(void**) {
    JsonReader reader;
    for (const char* good : {R"(["a","\n","b","\\","\u00e9",1,"c"])", R"({"a":"\"","\t":{"b":"\\\""}})", R"("\/")"}) {
        reader.load(good);
        assert_true(reader.valid());
    }
    for (const char* bad :
         {R"(["a","\n","\x"])", R"({"a":"\n","b\c":1})", R"(["\n","\u12g4"])", R"([\n,"a"])", R"(["\n",tr\ue])"}) {
        reader.load(bad);
        assert_false(reader.valid());
    }
}

void scalars_as_text(void**) {
    same(json_text({JsonKind::string, R"("a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")"}),
         "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
    same(json_text({JsonKind::string, R"("\ud800x\udc00\u0000")"}), std::string("\xef\xbf\xbdx\xef\xbf\xbd\0", 8));
    same(json_text({JsonKind::number, "1.0"}), "1.0");
    same(json_text({JsonKind::boolean, "true"}), "true");
    same(json_text({JsonKind::null, "null"}), "");
    same(json_text({JsonKind::object, "{}"}), "");
    same(json_text({}), "");
    same(json_text({JsonKind::string, "\""}), "");
    same(json_text({JsonKind::string, "\"\\\""}), "");
}

void quoting(void**) {
    same(json_quote("a\"b\\c\n\x01\x7f/"), "\"a\\\"b\\\\c\\n\\u0001\x7f/\"");
    same(json_quote("é\xf0\x9f\x98\x80"), "\"é\xf0\x9f\x98\x80\"");
    same(json_quote("\xff"
                    "a\xed\xa0\x80"
                    "b\xc3"),
         "\"\xef\xbf\xbd"
         "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
         "b\xef\xbf\xbd\"");
    same(json_quote(std::string_view("\0", 1)), "\"\\u0000\"");
    JsonReader reader;
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    for (size_t from = 0; from < all.size(); ++from) {
        const std::string quoted = json_quote(std::string_view(all).substr(from));
        reader.load(quoted);
        assert_true(reader.valid());
    }
}

void pointer_form(void**) {
    for (const char* good : {"", "/", "/a/b", "/~0~1", "//", "/a b"}) assert_true(check_pointer(good).ok());
    for (const char* bad : {"a", "a/b", "/~", "/~2", "/a~/b", " /a"}) assert_false(check_pointer(bad).ok());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rfc6901_examples),
        cmocka_unit_test(raw_bytes_are_the_callers),
        cmocka_unit_test(validity),
        cmocka_unit_test(agrees_with_jansson),
        cmocka_unit_test(a_reader_is_reused),
        cmocka_unit_test(members_by_name),
        cmocka_unit_test(scalars_as_text),
        cmocka_unit_test(quoting),
        cmocka_unit_test(pointer_form),
        cmocka_unit_test(members_by_name_however_written),
        cmocka_unit_test(texts_by_their_beginning),
        cmocka_unit_test(escapes_are_checked_wherever_they_stand),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
