#pragma once
// An audio file as one channel of 16-bit samples at any rate: wav (PCM, G.711, GSM, ADPCM; RIFF and RF64), flac, Ogg
// Vorbis and Opus, mp3, by libsndfile. Several channels are averaged. A file that is cut off or damaged ends where its
// audio does. Owned by one thread, which may block on the disk.

#include <cstdint>
#include <memory>
#include <sndfile.h>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "record/resampler.hpp"

namespace play {

// Whether a file that starts like this is one that AudioFile reads; 12 bytes are enough. Nothing else gets to
// libsndfile, which would try many more formats.
bool starts_like_audio(std::span<const std::uint8_t> bytes);

class AudioFile {
 public:
  // Decodes the first block too: what opens can be played. not_acceptable where it is no audio.
  static base::Result<std::unique_ptr<AudioFile>> open(base::Fd file, std::uint32_t rate);

  // Samples at the rate asked for, as far as the file's header is right.
  std::uint64_t length() const { return length_; }
  // The next samples; fewer than asked for, and then none, only at the end.
  std::size_t read(std::span<std::int16_t> out);
  // Goes on from there; at most length().
  void seek(std::uint64_t sample);

 private:
  struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
  };
  using Handle = std::unique_ptr<SNDFILE, Close>;

  AudioFile(base::Fd file, Handle handle, const SF_INFO& info, std::uint32_t rate);
  static base::Result<Handle> open_handle(int fd, SF_INFO& info);
  base::Result<void> begin();
  bool decode_block();
  std::size_t decode(std::span<std::int16_t> out);

  const base::Fd file_;
  Handle handle_;
  const SF_INFO info_;
  const std::uint32_t rate_;
  const std::uint64_t length_;
  std::unique_ptr<record::Resampler> resampler_;  // none where the file has the rate
  std::int64_t frame_ = 0;                        // of the file, that comes next
  std::vector<float> decoded_;                    // interleaved, one block
  std::vector<std::int16_t> mono_, ready_;        // at the file's rate; at ours
  std::size_t used_ = 0;                          // of ready_
  bool at_end_ = false;
};

}  // namespace play
