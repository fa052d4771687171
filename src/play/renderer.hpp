#pragma once
// The playing service as the control thread sees it: opens what is to be played on a pool of loaders, which may wait
// for servers and speech engines, and has it rendered on play threads, which may not. Owned by the control thread.
//
//   open() ─▶ loader: fetched, spoken, decoded ─▶ Opened(Feed*) ─▶ the owner gives the feed to media
//                                                   └─▶ player: fills it … commands … OutputEnded ─▶ close()

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "play/feed.hpp"
#include "play/fetcher.hpp"
#include "play/loader.hpp"
#include "play/player.hpp"
#include "play/speech.hpp"

namespace play {

struct RendererOptions {
  std::vector<std::filesystem::path> roots;  // absolute: clients may have played what is below them
  std::filesystem::path cache;               // directory, made if it is not there
  std::uint64_t cache_bytes = 256'000'000;
  FetchOptions fetching;
  SpeechOptions speech;
  int loaders = 4;  // threads
  int players = 2;  // threads
};

class Renderer {
 public:
  using Opened = std::function<void(base::Result<Feed*>)>;

  // `post` runs a function on the control thread, soon; callable from any thread.
  Renderer(RendererOptions options, std::function<void(std::function<void()>)> post);
  ~Renderer();  // stop()

  // Makes the cache's directory; starts the threads.
  base::Result<void> start();
  // No feed may be read any more. What is being opened is given up; its Opened is not called.
  void stop();

  // Control thread. `opened` is called once, later, with the feed, which begins to play when it is first read, or with
  // the reason why there is none: bad_request, not_supported (type, scheme, voice), not_allowed (a file that lies
  // elsewhere), not_acceptable (no such thing, or no audio), unavailable (server or engine).
  RenderingId open(Request request, Opened opened);
  // Behind OutputEnded, or instead of using it; a feed that is given is gone then. Before `opened`: it is not called.
  void close(RenderingId id);

  // Of one that has been opened. Each takes hold at the next read of the feed; nothing that was buffered is heard.
  void pause(RenderingId id);
  void resume(RenderingId id);
  void seek(RenderingId id, std::chrono::milliseconds by);  // within the documents
  // In units: 10 % of the recorded speed, from 50 % to 200 %; 3 dB, from -30 dB to +12 dB. Beyond, nothing changes.
  void change_speed(RenderingId id, int units);
  void change_volume(RenderingId id, int units);

  struct Stats {
    std::uint64_t opened = 0, refused = 0;
    std::uint64_t late = 0;  // ms of silence that were heard because a play thread was late
  };
  const Stats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace play
