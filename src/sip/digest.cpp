#include "sip/digest.hpp"

#include <string_view>
#include <vector>

namespace sip {
namespace {

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

}  // namespace

bool answer_challenge(nua_handle_t* handle, const sip_t& response, const Credentials& credentials,
                      std::set<std::string>& answered) {
  if (credentials.user.find(':') != std::string::npos) return false;
  const bool by_proxy = response.sip_status->st_status == 407;
  std::vector<std::string> texts;
  for (const auto* each = by_proxy ? response.sip_proxy_authenticate : response.sip_www_authenticate; each != nullptr;
       each = each->au_next) {
    const char* realm = msg_header_find_param(each->au_common, "realm=");
    if (each->au_scheme == nullptr || su_casematch(each->au_scheme, "Digest") == 0 || realm == nullptr) continue;
    if (!credentials.realm.empty() && unquoted(realm) != credentials.realm) continue;
    if (!answered.insert((by_proxy ? "proxy " : "") + std::string(realm)).second) return false;
    texts.push_back("Digest:" + std::string(realm) + ":" + credentials.user + ":" + credentials.password);
  }
  if (texts.empty()) return false;
  std::vector<tagi_t> tags;
  for (const auto& text : texts) tags.push_back({NUTAG_AUTH(text.c_str())});
  tags.push_back({TAG_END()});
  nua_authenticate(handle, TAG_NEXT(tags.data()));
  return true;
}

}  // namespace sip
