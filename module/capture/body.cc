#include "capture/body.h"

#include "codec/form.h"
#include "codec/inflate.h"

namespace trot {
namespace {

constexpr std::string_view byte_order_mark =
    "\xef\xbb\xbf";  // PHP files saved by some editors put it before their JSON

// Decodes what Content-Encoding says. False: undecodable, `why` says so.
bool decode(const RawBody& raw, std::string_view coding, Body& body, bool& cut) {
    Result<Decoded> out = decode_content(coding, raw.bytes, raw.cap);
    if (!out) {
        body.state = Body::State::undecodable;
        body.why = "the body cannot be decoded: " + out.fault().text;
        return false;
    }
    cut = cut || out.value().truncated;
    body.decoded = std::move(out).value().bytes;
    body.bytes = body.decoded;
    return true;
}

}  // namespace

void read_body(const RawBody& raw, JsonReader& reader, Body& body) {
    bool cut = raw.cut;
    body.bytes = raw.bytes;
    const std::string* coding = find_field(*raw.fields, "content-encoding");
    if (coding != nullptr && !raw.bytes.empty() && !equal_nocase(*coding, "identity") &&
        !decode(raw, *coding, body, cut))
        return;
    if (body.bytes.substr(0, byte_order_mark.size()) == byte_order_mark)
        body.bytes.remove_prefix(byte_order_mark.size());

    const std::string* type = raw.form ? find_field(*raw.fields, "content-type") : nullptr;
    if (type != nullptr && !body.bytes.empty()) {
        body.fields = parse_form(*type, body.bytes);
        if (!body.fields.empty()) {
            body.state = Body::State::form;
            return;
        }
    }
    if (!body.bytes.empty()) reader.load(body.bytes);
    if (!body.bytes.empty() && reader.valid()) {
        body.state = Body::State::json;  // also when marked as cut: a whole document is a whole document
    } else if (cut) {
        body.state = Body::State::cut;
        body.why = "the body is longer than the capture's cap, or it broke off";
    } else if (!body.bytes.empty()) {
        body.state = Body::State::opaque;
    }
}

}  // namespace trot
