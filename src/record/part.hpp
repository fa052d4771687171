#pragma once
// One spool file that is growing, with its encoder, and the resampler where the audio's rate is not the file's. A
// recording is one part, or several one after the other where its call became wider. Owned by one writer thread.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/formats/format.hpp"
#include "record/output_file.hpp"
#include "record/resampler.hpp"
#include "storage/spool.hpp"

namespace record {

// A part that is complete and synced.
struct FinishedPart {
  storage::SpoolFile file;  // without its descriptor
  AudioFormat audio;
  std::uint64_t samples = 0;  // a channel
  std::uint64_t size = 0;     // bytes on the disk
};

class Part {
 public:
  // Leaves nothing behind where it fails. `encrypt_to`: where there are any keys the file is sealed to them.
  static base::Result<std::unique_ptr<Part>> open(const storage::Spool& spool, const std::string& stem,
                                                  const Format& format, const AudioFormat& audio,
                                                  std::span<const Hint> hints, const Tags& tags,
                                                  std::span<const seal::Recipient> encrypt_to = {});

  const storage::SpoolFile& file() const { return spool_file_; }
  std::uint32_t rate() const { return audio_.rate; }

  // Audio of any rate.
  base::Result<void> write(std::span<const std::int16_t> interleaved, std::uint32_t rate);
  // Where it fails the file says what it said the time before, and so does close(), if players go by that.
  base::Result<void> checkpoint();
  // What was written is safe from a kill.
  base::Result<void> flush() { return file_.flush(); }
  // The end of the audio: what is still on its way goes into the file.
  base::Result<void> finish();
  // Closes the file as it stands; `error` gets what the disk said, if it is empty. The part is of no use then.
  FinishedPart close(std::string& error);

 private:
  Part(storage::SpoolFile spool_file, OutputFile file, const AudioFormat& audio)
      : spool_file_(std::move(spool_file)), audio_(audio), file_(std::move(file)) {}

  base::Result<void> drain_resampler();

  storage::SpoolFile spool_file_;
  const AudioFormat audio_;
  OutputFile file_;
  std::unique_ptr<Encoder> encoder_;
  std::uint64_t said_ = 0;                // samples a channel, at the last checkpoint
  bool says_less_ = false;                // the one after it failed
  std::unique_ptr<Resampler> resampler_;  // none while the rates are the same
  std::vector<std::int16_t> resampled_;
};

}  // namespace record
