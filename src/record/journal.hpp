#pragma once
// The journal of one recording: <stem>.journal beside its parts in the spool, from before the first of them until the
// recording is stored. What a recording is cannot be read out of its audio; after a crash it is read here
// (record/story.hpp says how). Lines are only ever appended; the disk gets them with the audio, once a second
// (storage/syncer.hpp).
//
//   opened ─▶ track ─▶ part ─▶ (map, once a second where it changed) … ─▶ part … ─▶ ended ─▶ file removed
//
// The file is locked (flock) as long as this lives: that tells a journal that grows from one that was left. What cannot
// be written is logged once and is no reason to end a recording. Owned by one thread at a time: a writer, then the
// finisher.

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "record/participant.hpp"
#include "record/request.hpp"
#include "record/span_map.hpp"
#include "storage/spool.hpp"

namespace record {

class Journal {
 public:
  // `stem` gets a number behind it where the spool has such a journal.
  static base::Result<std::unique_ptr<Journal>> open(const storage::Spool& spool, const std::string& stem);

  const std::string& stem() const { return stem_; }
  const std::filesystem::path& path() const { return path_; }

  // `settings`: with all that hints and configuration say. Of what is encrypted only what is disclosed().
  void opened(const Request& asked, const Settings& settings, std::chrono::system_clock::time_point began);
  // Its number: 0 is the recording itself.
  int track_opened(base::Time now, const Participant* who = nullptr);
  void part_opened(int track, const std::string& file, std::string_view format, const AudioFormat& audio,
                   std::span<const Hint> hints);
  void started(int track, base::Time start);
  // What is new in the map.
  void mapped(int track, const SpanMap& map);
  void ended(EndReason reason, const std::string& error, const Stats& stats);
  // Whoever waited for it knows that it has ended; its files are still to be put together.
  void told();
  // The recording is certain without it, or nobody wants it.
  void remove();

 private:
  struct Written {
    std::vector<Span> spans, skips;
    std::uint64_t samples = 0;
    std::uint32_t rate = 0;
    std::uint64_t lines = 0;  // each says which one it is: it goes on where the one before it ends
  };

  Journal(base::Fd fd, std::filesystem::path path, std::string stem)
      : fd_(std::move(fd)), path_(std::move(path)), stem_(std::move(stem)) {}

  void append(const std::string& json);

  const base::Fd fd_;
  const std::filesystem::path path_;
  const std::string stem_;
  std::vector<Written> maps_;  // of each track, as they were written last
  bool is_sealed_ = false;     // the recording
  bool torn_ = false;          // the last line may be incomplete
  bool has_complained_ = false;
};

// A line, with its checksum and the line's end.
std::string journal_line(std::string_view json);

}  // namespace record
