// RFC 9421 with Content-Digest: what is covered, every way in which verify says no, and Structured Fields read
// strictly.

#include <algorithm>

#include "dialect/signature_base.h"
#include "dialect/signature_input.h"
#include "dialect/webhook_key.h"
#include "forms.h"

using namespace forms;

namespace {

constexpr int64_t noon = 1768471200;
constexpr const char* shared = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* pair =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
constexpr const char* public_half = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
constexpr const char* url = "https://warehouse.example/hooks";

Fields signed_by(const std::string& style, std::initializer_list<const char*> secrets, const char* body = "{}") {
    DeliveryView delivery;
    delivery.id = "dlv_1";
    return sign(style, secrets_of(secrets), delivery, noon, body);
}

// As a receiver sees it.
Fields received(Fields sent, const char* at = url, const char* method = "POST") {
    sent.push_back({"@method", method});
    if (at != nullptr) sent.push_back({"@target-uri", at});
    return sent;
}

Result<void> verify(const Fields& fields, std::string_view body = "{}", const char* secret = shared,
                    int64_t now = noon) {
    return format("http-signature").verify(fields, body, secrets_of({secret}), now);
}

void set(Fields& fields, const char* name, const std::string& value) {
    for (Field& field : fields)
        if (field.name == name) field.value = value;
}

void the_request_is_proven(void**) {
    const Fields sent = signed_by("http-signature", {shared});
    assert_true(verify(received(sent)).ok());
    refused(verify(received(sent), "{} "), "Content-Digest does not fit");
    refused(verify(received(sent, "https://warehouse.example/other")), "fits the request");
    refused(verify(received(sent, url, "PUT")), "fits the request");
    refused(verify(received(sent, nullptr)), "--url");
    refused(verify(received(sent), "{}", pair), "fits the request");
    refused(verify(received(sent), "{}", shared, noon + 301), "older than 300");
    refused(verify(received(sent), "{}", shared, noon - 301), "ahead");
    Fields other = received(sent);
    set(other, "Content-Type", "text/plain");
    refused(verify(other), "fits the request");
    for (const char* name : {"Content-Digest", "Signature-Input", "Signature"}) {
        Fields missing = received(sent);
        std::erase_if(missing, [name](const Field& field) { return field.name == name; });
        refused(verify(missing), "is missing");
    }
    Fields moved = received(sent);
    std::erase_if(moved, [](const Field& field) { return field.name == "webhook-id"; });
    refused(verify(moved), "webhook-id, which is missing");
}

void two_keys_two_signatures(void**) {
    const Fields sent = received(signed_by("http-signature", {pair, shared}));
    for (const char* secret : {shared, pair, public_half}) assert_true(verify(sent, "{}", secret).ok());
    const std::string inputs = header(sent, "Signature-Input");
    assert_true(inputs.find("sig1=(") == 0 && inputs.find(", sig2=(") != std::string::npos);
    // An Ed25519 key is called as in the published key set.
    const std::string key = unbase64(std::string(public_half).substr(5)).value();
    assert_true(inputs.find("keyid=\"" + key_thumbprint(key) + "\";alg=\"ed25519\"") != std::string::npos);
}

void what_is_covered(void**) {
    const char* style =
        "http-signature?components=@authority,@scheme,@request-target,@path,@query,content-length,@method,@method";
    Fields sent = received(signed_by(style, {shared}));
    assert_true(header(sent, "Signature-Input")
                    .rfind("sig1=(\"@authority\" \"@scheme\" \"@request-target\" \"@path\" \"@query\" "
                           "\"content-length\" \"@method\" \"content-digest\");",
                           0) == 0);
    sent.push_back({"Content-Length", "2"});
    assert_true(verify(sent).ok());
    set(sent, "Content-Length", "3");
    refused(verify(sent), "fits the request");
    assert_null(find_style("http-signature?components=date"));
    // What does not cover the body proves nothing, however well it is signed.
    const std::string params = "(\"@method\");created=" + std::to_string(noon);
    const std::string mac = Hmac(Digest::sha256, unbase64(std::string(shared).substr(6)).value())
                                .sign({"\"@method\": POST\n\"@signature-params\": " + params});
    Fields forged = received(signed_by("http-signature", {shared}));
    set(forged, "Signature-Input", "sig1=" + params);
    set(forged, "Signature", "sig1=:" + base64(mac) + ":");
    refused(verify(forged), "does not cover content-digest");
}

void targets(void**) {
    const std::pair<const char*, const char*> cases[] = {{"https://A.example:443/x?y", "https://a.example/x?y"},
                                                         {"http://a.example:80", "http://a.example/"},
                                                         {"http://a.example:8080/", "http://a.example:8080/"},
                                                         {"https://[2001:db8::1]:443/h", "https://[2001:db8::1]/h"},
                                                         {"http://[::1]/h", "http://[::1]/h"},
                                                         {"https://a.example?q=1", "https://a.example/?q=1"},
                                                         {"HTTP://a.example:443/", "http://a.example:443/"}};
    for (const auto& [from, to] : cases) expect(canonical_target(from), to);
    const Fields none;
    const SignedMessage message{"POST", "https://a.example/x", none};
    expect(component_of(message, "@query").value(), "?");
    expect(component_of(message, "@authority").value(), "a.example");
}

void signature_input_is_read_strictly(void**) {
    const auto read = read_signature_input(
        R"(sig1=("@method" "content-digest");created=5;keyid="a\"b";x=?1, b.2=();expires=7;alg="ed25519")");
    if (!read) fail_msg("%s", read.fault().text.c_str());
    assert_int_equal(read.value().size(), 2);
    const SignatureInput& first = read.value()[0];
    expect(first.label, "sig1");
    expect(first.keyid, "a\"b");
    expect(first.params, R"(("@method" "content-digest");created=5;keyid="a\"b";x=?1)");
    assert_int_equal(*first.created, 5);
    assert_int_equal(*read.value()[1].expires, 7);
    for (const char* wrong :
         {"", "sig1", "sig1=", "sig1=(", "sig1=(\"a\"", "sig1=(\"a\";sf)", "sig1=(a)", "sig1=();created=x", "sig1=(),",
          "sig1=() sig2=()", "1=()", "sig1=();created=99999999999999999999", "sig1=(\"a\")x"})
        if (read_signature_input(wrong)) fail_msg("was read: %s", wrong);
    for (const char* wrong : {"", "a", "a=", "a=:", "a=::b", "a=:***:", "a=:YQ==", "a=:YQ==:,"})
        if (read_byte_members(wrong)) fail_msg("was read: %s", wrong);
    assert_true(check_digest(content_digest("x") + ", md5=:YQ==:", "x").ok());
    refused(check_digest("md5=:YQ==:", "x"), "neither sha-256 nor sha-512");
    refused(check_digest("sha-512=:YQ==:, " + content_digest("x"), "x"), "does not fit");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_proven),
        cmocka_unit_test(two_keys_two_signatures),
        cmocka_unit_test(what_is_covered),
        cmocka_unit_test(targets),
        cmocka_unit_test(signature_input_is_read_strictly),
    };
    return cmocka_run_group_tests_name("http signatures", tests, nullptr, nullptr);
}
