#include "manage/woocommerce/topics.h"

#include <algorithm>
#include <array>

#include "dialect/style.h"
#include "dialect/woocommerce.h"

namespace trot::woo {
namespace {

constexpr std::array<std::string_view, 4> resources{"coupon", "customer", "order", "product"};
constexpr std::array<std::string_view, 4> events{"created", "updated", "deleted", "restored"};
// They would tell passwords or paths, or ask whether to deliver.
constexpr std::array<std::string_view, 3> refused{"action.woocommerce_login_credentials",
                                                  "action.woocommerce_product_csv_importer_check_import_file_path",
                                                  "action.woocommerce_webhook_should_deliver"};

template <class List>
bool has(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool is_native(std::string_view topic) {
    if (has(refused, topic)) return false;
    if (topic == "product.published") return true;
    const std::string event = event_of(topic);
    if (resource_of(topic) == "action") {
        const bool known = begins(event, "woocommerce_") || begins(event, "wc_");
        return known && std::all_of(event.begin(), event.end(), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
               });
    }
    return has(resources, resource_of(topic)) && has(events, event);
}

// Can the wording give this text? A computed piece stands for one byte or more. `ends`: where what was read so far can
// end, so that the time is bounded by text and pieces.
bool can_make(const std::vector<Wording::Piece>& pieces, std::string_view text) {
    std::vector<bool> ends(text.size() + 1, false);
    ends[0] = true;
    for (const Wording::Piece& piece : pieces) {
        std::vector<bool> next(text.size() + 1, false);
        if (!piece.any.empty()) {
            const auto first = std::find(ends.begin(), ends.end(), true);
            if (first != ends.end()) std::fill(next.begin() + (first - ends.begin()) + 1, next.end(), true);
        } else {
            for (size_t at = 0; at + piece.text.size() <= text.size(); ++at)
                if (ends[at] && begins(text.substr(at), piece.text)) next[at + piece.text.size()] = true;
        }
        ends.swap(next);
    }
    return ends.back();
}

// The hooks of WooCommerce's own dialect make what its grammar has; "{path:kind}.created" would take any word.
bool is_made(std::string_view topic, const Plan& plan) {
    return std::any_of(plan.hooks.begin(), plan.hooks.end(), [topic, &plan](const Hook& hook) {
        return hook.does == Does::event && plan.contexts[hook.context].scope != "woocommerce" &&
               std::any_of(hook.topics.begin(), hook.topics.end(), [topic](const Wording& wording) {
                   return wording.pieces.empty() ? wording.spelling == topic : can_make(wording.pieces, topic);
               });
    });
}

struct Actions {
    std::string_view topic;
    std::vector<std::string> names;
};

// Since 3.3, as recorded with 6.5.1 and as its class has them.
const std::vector<Actions>& modern_actions() {
    static const std::vector<Actions> all = {
        {"coupon.created", {"woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"}},
        {"coupon.updated", {"woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"}},
        {"coupon.deleted", {"wp_trash_post"}},
        {"coupon.restored", {"untrashed_post"}},
        {"customer.created", {"user_register", "woocommerce_created_customer", "woocommerce_new_customer"}},
        {"customer.updated", {"profile_update", "woocommerce_update_customer"}},
        {"customer.deleted", {"delete_user"}},
        {"order.created", {"woocommerce_new_order"}},
        {"order.updated", {"woocommerce_update_order", "woocommerce_order_refunded"}},
        {"order.deleted", {"wp_trash_post"}},
        {"order.restored", {"untrashed_post"}},
        {"product.created",
         {"woocommerce_process_product_meta", "woocommerce_new_product", "woocommerce_new_product_variation"}},
        {"product.updated",
         {"woocommerce_process_product_meta", "woocommerce_update_product", "woocommerce_update_product_variation"}},
        {"product.deleted", {"wp_trash_post"}},
        {"product.restored", {"untrashed_post"}},
        {"product.published", {"woocommerce_product_published"}},
    };
    return all;
}

// 2.2 and 2.3, the seed's time.
const std::vector<Actions>& seed_actions() {
    static const std::vector<Actions> all = {
        {"coupon.created", {"woocommerce_process_shop_coupon_meta", "woocommerce_api_create_coupon"}},
        {"coupon.updated", {"woocommerce_process_shop_coupon_meta", "woocommerce_api_edit_coupon"}},
        {"coupon.deleted", {"wp_trash_post"}},
        {"customer.created", {"woocommerce_created_customer"}},
        {"customer.updated", {"profile_update", "woocommerce_api_edit_customer"}},
        {"customer.deleted", {"delete_user"}},
        {"order.created",
         {"woocommerce_checkout_order_processed", "woocommerce_process_shop_order_meta",
          "woocommerce_api_create_order"}},
        {"order.updated",
         {"woocommerce_process_shop_order_meta", "woocommerce_api_edit_order", "woocommerce_order_edit_status",
          "woocommerce_order_status_changed"}},
        {"order.deleted", {"wp_trash_post"}},
        {"product.created", {"woocommerce_process_product_meta", "woocommerce_api_create_product"}},
        {"product.updated", {"woocommerce_process_product_meta", "woocommerce_api_edit_product"}},
        {"product.deleted", {"wp_trash_post"}},
    };
    return all;
}

const std::vector<std::string>* find_actions(const std::vector<Actions>& all, std::string_view topic) {
    for (const Actions& one : all)
        if (one.topic == topic) return &one.names;
    return nullptr;
}

}  // namespace

std::optional<std::string> read_topic(std::string_view text, const Plan& plan) {
    std::string small = lower(text);
    if (is_native(small)) return small;
    if (has(refused, small) || text.size() > 200 || !is_made(text, plan)) return std::nullopt;
    return std::string(text);
}

std::string resource_of(std::string_view topic) { return std::string(topic.substr(0, topic.find('.'))); }

std::string event_of(std::string_view topic) {
    const size_t dot = topic.find('.');
    return dot == std::string_view::npos ? std::string() : std::string(topic.substr(dot + 1));
}

bool is_modern(const ApiConfig& api, Family family) {
    const std::string_view version = option(api.options, "version", "");
    return version.empty() ? family == Family::rest : woocommerce_has_hashes(version);
}

std::vector<std::string> hooks_of(std::string_view topic, bool modern) {
    if (resource_of(topic) == "action") return {event_of(topic)};
    const std::vector<std::string>* found = modern ? nullptr : find_actions(seed_actions(), topic);
    // `restored` came later: the seed's time has no other names for it.
    if (found == nullptr) found = find_actions(modern_actions(), topic);
    return found != nullptr ? *found : std::vector<std::string>();
}

}  // namespace trot::woo
