#pragma once
// Turns the documents of a request into something that can be played: opens, fetches, speaks and decodes all of it, so
// that what cannot be rendered is refused before the client is told that it runs (XEP-0327 §6.5.3). Owned by one
// thread, which it blocks.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "play/document.hpp"
#include "play/fetcher.hpp"
#include "play/file_roots.hpp"
#include "play/rendering.hpp"
#include "play/speech.hpp"
#include "play/ssml.hpp"

namespace play {

struct Request {
  std::vector<Document> documents;  // rendered one behind the other
  std::uint32_t rate = 8000;        // of the feed, Hz
  Manner manner{};
  std::string voice{};  // of what is spoken; empty: the configured one
};

class Loader {
 public:
  // `stopping`: what takes long is given up.
  Loader(const FileRoots& roots, const DiskCache& cache, const FetchOptions& fetching, const SpeechOptions& speech,
         const std::atomic<bool>& stopping);

  base::Result<std::unique_ptr<Rendering>> load(const Request& request);

 private:
  // One request at work.
  struct Load {
    const Request& request;
    Program program;
  };
  struct Source {
    base::Fd file;
    std::string type;  // a content type; may be empty
  };

  // `depth`: how many documents led to this one.
  base::Result<void> add(Load& load, const Document& document, int depth);
  base::Result<void> add_uri(Load& load, const std::string& uri, int depth);
  base::Result<void> add_ssml(Load& load, const std::string& text, int depth);
  base::Result<void> add_parts(Load& load, const std::vector<SpokenPart>& parts, const Speech::Wish& wish, int depth);
  base::Result<void> add_audio(Load& load, base::Fd file);
  base::Result<Source> open(const std::string& uri);

  const FileRoots& roots_;
  Fetcher fetcher_;
  Speech speech_;
};

}  // namespace play
