#include "rayo/disco.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <string_view>
#include <vector>

#include "rayo/namespaces.hpp"

namespace rayo {
namespace {

struct Identity {
  std::string_view category, type, name;
};

Identity identity_of(Entity entity) {
  switch (entity) {
    case Entity::server:
      return {"server", "im", "Telegraphone"};
    case Entity::call:
      return {"client", "phone", "Telegraphone call"};
    case Entity::mixer:
      return {"conference", "audio", "Telegraphone mixer"};
    case Entity::component:
      return {"automation", "rayo-component", "Telegraphone component"};
  }
  return {};
}

std::vector<std::string_view> features_of(Entity entity) {
  std::vector<std::string_view> features = {ns::kDiscoInfo, ns::kRayo, ns::kPing};
  if (entity == Entity::server) features.insert(features.end(), {ns::kDiscoItems, "jabber:iq:roster"});
  if (entity == Entity::call) features.push_back(ns::kCall);
  if (entity == Entity::mixer) features.push_back(ns::kMixer);
  features.insert(features.end(), {ns::kExt, ns::kRecord, ns::kOutput, ns::kInput, ns::kPrompt});
  std::ranges::sort(features);
  return features;
}

// XEP-0115 §5.1, without extended service discovery forms.
std::string verification(Entity entity) {
  const Identity identity = identity_of(entity);
  std::string text =
      std::string(identity.category) + "/" + std::string(identity.type) + "//" + std::string(identity.name) + "<";
  for (const std::string_view feature : features_of(entity)) text += std::string(feature) + "<";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, std::size_t{2} * EVP_MAX_MD_SIZE> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

}  // namespace

xml::Element disco_info(Entity entity, const std::string& node) {
  xml::Element query("query", std::string(ns::kDiscoInfo));
  if (!node.empty()) query.set("node", node);
  const Identity identity = identity_of(entity);
  query.add(xml::Element("identity", std::string(ns::kDiscoInfo))
                .set("category", identity.category)
                .set("type", identity.type)
                .set("name", identity.name));
  for (const std::string_view feature : features_of(entity)) {
    query.add(xml::Element("feature", std::string(ns::kDiscoInfo)).set("var", feature));
  }
  return query;
}

xml::Element caps(Entity entity) {
  return xml::Element("c", std::string(ns::kCaps))
      .set("hash", "sha-1")
      .set("node", entity == Entity::call    ? ns::kCall
                   : entity == Entity::mixer ? ns::kMixer
                                             : ns::kRayo)
      .set("ver", verification(entity));
}

}  // namespace rayo
