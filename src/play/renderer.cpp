#include "play/renderer.hpp"

#include <algorithm>
#include <cmath>
#include <curl/curl.h>
#include <optional>
#include <pthread.h>
#include <system_error>
#include <unordered_map>

#include "base/inbox.hpp"
#include "base/log.hpp"
#include "base/owner.hpp"

namespace play {

using base::Result;

namespace {

constexpr std::chrono::milliseconds kForever{-1};
constexpr int kQuietest = -10;  // units of 3 dB
constexpr int kLoudest = 4;
constexpr double kUnit = 3;  // dB

// One of the pool that turns requests into renderings.
class LoaderThread {
 public:
  using Loaded = std::function<void(RenderingId, Result<std::unique_ptr<Rendering>>)>;

  LoaderThread(int number, const RendererOptions& options, const FileRoots& roots, const DiskCache& cache,
               Loaded loaded)
      : number_(number),
        loader_(roots, cache, options.fetching, options.speech, stopping_),
        loaded_(std::move(loaded)) {}
  ~LoaderThread() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> start() {
    if (!inbox_) return base::Error{base::Kind::no_resources, "start a loader thread: no descriptor left"};
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      return base::Error{base::Kind::no_resources, std::string("start a loader thread: ") + error.what()};
    }
    return {};
  }
  void load(RenderingId id, Request request) { inbox_.post(Job{id, std::move(request)}); }
  void ask_to_stop() {
    stopping_ = true;
    inbox_.post(Job{});
  }

 private:
  struct Job {
    RenderingId id = 0;
    Request request;
  };

  void run() {
    pthread_setname_np(pthread_self(), ("loader-" + std::to_string(number_)).c_str());
    while (!stopping_) {
      inbox_.wait(kForever);
      inbox_.drain([this](Job&& job) {
        if (!stopping_) loaded_(job.id, loader_.load(job.request));
      });
    }
  }

  const int number_;
  std::atomic<bool> stopping_{false};
  Loader loader_;
  const Loaded loaded_;
  base::Inbox<Job> inbox_;
  std::thread thread_;
};

}  // namespace

class Renderer::Impl {
 public:
  Impl(RendererOptions options, std::function<void(std::function<void()>)> post)
      : options_(std::move(options)),
        post_(std::move(post)),
        roots_(options_.roots),
        cache_(options_.cache, options_.cache_bytes) {}

  Result<void> start();
  void stop();
  RenderingId open(Request request, Opened opened);
  void close(RenderingId id);
  const Stats& stats() const { return stats_; }

  struct Entry {
    std::size_t loader = 0;
    Opened opened;                 // until it has been called
    BufferedFeed* feed = nullptr;  // from then on
    std::size_t player = 0;
    int volume = 0;
  };
  // Null where it has not been opened, or is closed.
  Entry* find(RenderingId id) {
    owner_.check();
    const auto found = entries_.find(id);
    return found == entries_.end() || found->second.feed == nullptr ? nullptr : &found->second;
  }
  Player& player_of(const Entry& entry) { return *players_[entry.player]; }

 private:
  void on_loaded(RenderingId id, Result<std::unique_ptr<Rendering>> result);

  const RendererOptions options_;
  const std::function<void(std::function<void()>)> post_;
  const FileRoots roots_;
  const DiskCache cache_;
  std::vector<std::unique_ptr<Player>> players_;
  std::vector<std::unique_ptr<LoaderThread>> loaders_;
  std::vector<std::size_t> playing_, loading_;  // renderings of each
  std::unordered_map<RenderingId, Entry> entries_;
  RenderingId last_id_ = 0;
  Stats stats_;
  base::Owner owner_;
  // Expires with this object: what was posted to the control thread and runs later must find out.
  const std::shared_ptr<Impl*> alive_ = std::make_shared<Impl*>(this);
};

Result<void> Renderer::Impl::start() {
  if (auto made = cache_.make(); !made) return std::move(made.error()).in("output cache");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  // Called on the loaders' threads, which only touch post and the weak pointer.
  const auto loaded = [post = post_, alive = std::weak_ptr<Impl*>(alive_)](RenderingId id,
                                                                           Result<std::unique_ptr<Rendering>> result) {
    // Shared because std::function wants to be copied.
    auto carried = std::make_shared<Result<std::unique_ptr<Rendering>>>(std::move(result));
    post([alive, id, carried] {
      if (const auto self = alive.lock()) (*self)->on_loaded(id, std::move(*carried));
    });
  };
  for (int i = 0; i < std::max(options_.players, 1); ++i) {
    players_.push_back(std::make_unique<Player>(i));
    playing_.push_back(0);
    if (auto started = players_.back()->start(); !started) return started;
  }
  for (int i = 0; i < std::max(options_.loaders, 1); ++i) {
    loaders_.push_back(std::make_unique<LoaderThread>(i, options_, roots_, cache_, loaded));
    loading_.push_back(0);
    if (auto started = loaders_.back()->start(); !started) return started;
  }
  return {};
}

void Renderer::Impl::stop() {
  entries_.clear();
  for (auto& loader : loaders_) loader->ask_to_stop();
  loaders_.clear();
  players_.clear();
}

RenderingId Renderer::Impl::open(Request request, Opened opened) {
  owner_.check();
  const RenderingId id = ++last_id_;
  const auto loader = static_cast<std::size_t>(std::ranges::min_element(loading_) - loading_.begin());
  entries_.emplace(id, Entry{.loader = loader, .opened = std::move(opened)});
  if (loaders_.empty()) {
    post_([alive = std::weak_ptr<Impl*>(alive_), id] {
      const base::Error error{base::Kind::unavailable, "playing has been shut down"};
      if (const auto self = alive.lock()) (*self)->on_loaded(id, error);
    });
    return id;
  }
  ++loading_[loader];
  loaders_[loader]->load(id, std::move(request));
  return id;
}

void Renderer::Impl::on_loaded(RenderingId id, Result<std::unique_ptr<Rendering>> result) {
  owner_.check();
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;  // closed, or stopped, meanwhile
  Entry& entry = found->second;
  if (!loaders_.empty()) --loading_[entry.loader];
  const Opened opened = std::move(entry.opened);
  if (!result) {
    base::log::info("play", "refused: {}", result.error().text);
    ++stats_.refused;
    entries_.erase(found);
    return opened(std::move(result.error()));
  }
  ++stats_.opened;
  entry.feed = &(*result)->feed();
  entry.player = static_cast<std::size_t>(std::ranges::min_element(playing_) - playing_.begin());
  ++playing_[entry.player];
  players_[entry.player]->add(id, std::move(*result));
  opened(static_cast<Feed*>(entry.feed));
}

void Renderer::Impl::close(RenderingId id) {
  owner_.check();
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  if (entry.feed != nullptr) {
    const std::uint64_t late = entry.feed->late() * 1000 / entry.feed->rate();
    if (late > 0) base::log::warn("play", "output {}: {} ms of silence in place of audio that was late", id, late);
    stats_.late += late;
    --playing_[entry.player];
    players_[entry.player]->remove(id);
  } else {
    --loading_[entry.loader];
  }
  entries_.erase(found);
}

Renderer::Renderer(RendererOptions options, std::function<void(std::function<void()>)> post)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(post))) {}

Renderer::~Renderer() { impl_->stop(); }

Result<void> Renderer::start() { return impl_->start(); }
void Renderer::stop() { impl_->stop(); }
RenderingId Renderer::open(Request request, Opened opened) {
  return impl_->open(std::move(request), std::move(opened));
}
void Renderer::close(RenderingId id) { impl_->close(id); }
const Renderer::Stats& Renderer::stats() const { return impl_->stats(); }

void Renderer::pause(RenderingId id) {
  if (const auto* entry = impl_->find(id)) entry->feed->pause();
}

void Renderer::resume(RenderingId id) {
  if (const auto* entry = impl_->find(id)) entry->feed->resume();
}

void Renderer::seek(RenderingId id, std::chrono::milliseconds by) {
  const auto* entry = impl_->find(id);
  if (entry == nullptr) return;
  entry->feed->ask_flush();
  impl_->player_of(*entry).seek(id, by);
}

void Renderer::change_speed(RenderingId id, int units) {
  const auto* entry = impl_->find(id);
  if (entry == nullptr) return;
  entry->feed->ask_flush();
  impl_->player_of(*entry).change_speed(id, units);
}

void Renderer::change_volume(RenderingId id, int units) {
  auto* entry = impl_->find(id);
  if (entry == nullptr) return;
  entry->volume = std::clamp(entry->volume + units, kQuietest, kLoudest);
  entry->feed->set_volume(static_cast<float>(std::pow(10, entry->volume * kUnit / 20)));
}

}  // namespace play
