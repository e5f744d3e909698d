#include "json.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

namespace trot::cli {

Json parse_json(std::string_view text) {
    return Json(json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_ALLOW_NUL, nullptr));
}

std::string dump_json(const json_t* value) {
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), free);
    return text ? std::string(text.get()) : std::string("null");
}

std::string_view text_at(const json_t* object, const char* key) {
    const json_t* member = json_object_get(object, key);
    return json_is_string(member) ? std::string_view(json_string_value(member), json_string_length(member))
                                  : std::string_view();
}

int64_t number_at(const json_t* object, const char* key) {
    return static_cast<int64_t>(json_number_value(json_object_get(object, key)));
}

Json json_text(std::string_view bytes) { return Json(json_stringn(bytes.data(), bytes.size())); }

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    text.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                                    static_cast<int>(bytes.size()))));
    return text;
}

bool unbase64(std::string_view text, std::string& bytes) {
    std::string packed;
    std::copy_if(text.begin(), text.end(), std::back_inserter(packed),
                 [](char c) { return c != ' ' && c != '\r' && c != '\n' && c != '\t'; });
    bytes.assign(packed.size() / 4 * 3 + 3, '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(packed.data()), static_cast<int>(packed.size()));
    if (length < 0) return false;
    const size_t padding = packed.size() - std::min(packed.find_last_not_of('=') + 1, packed.size());
    bytes.resize(static_cast<size_t>(length) - std::min(padding, static_cast<size_t>(length)));
    return true;
}

}  // namespace trot::cli
