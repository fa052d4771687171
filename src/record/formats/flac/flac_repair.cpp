#include "record/formats/flac/flac_repair.hpp"

#include <FLAC/stream_decoder.h>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "record/formats/file_window.hpp"
#include "record/formats/flac/stream_info.hpp"

namespace record::flac {
namespace {

constexpr std::size_t kStart = 42;        // "fLaC" and STREAMINFO
constexpr std::uint64_t kSamplesAt = 21;  // the lower half of this byte, and four more
constexpr std::uint64_t kSamplesEnd = kSamplesAt + 5;

// Counts what can be decoded.
class Reader {
 public:
  explicit Reader(OutputFile& file) : file_(file), decoder_(FLAC__stream_decoder_new()) {}

  // False for want of memory only.
  bool run() {
    if (!decoder_ || FLAC__stream_decoder_init_stream(decoder_.get(), read, nullptr, tell, nullptr, nullptr, take,
                                                      nullptr, complain, this) != FLAC__STREAM_DECODER_INIT_STATUS_OK) {
      return false;
    }
    if (FLAC__stream_decoder_process_until_end_of_metadata(decoder_.get()) == 0 || failed_) return true;
    note_end();
    while (FLAC__stream_decoder_process_single(decoder_.get()) != 0 && !failed_) {
      if (FLAC__stream_decoder_get_state(decoder_.get()) == FLAC__STREAM_DECODER_END_OF_STREAM) break;
      samples_ += std::exchange(block_, 0);
      note_end();
    }
    return true;
  }

  std::uint64_t end() const { return end_; }  // behind the last whole frame; 0: not even the metadata are whole
  std::uint64_t samples() const { return samples_; }
  const std::string& disk_error() const { return disk_error_; }

 private:
  struct Delete {
    void operator()(FLAC__StreamDecoder* decoder) const { FLAC__stream_decoder_delete(decoder); }
  };

  void note_end() {
    FLAC__uint64 position = 0;
    if (FLAC__stream_decoder_get_decode_position(decoder_.get(), &position) != 0) end_ = position;
  }

  static FLAC__StreamDecoderReadStatus read(const FLAC__StreamDecoder* /*decoder*/, FLAC__byte* out, std::size_t* size,
                                            void* self) {
    auto* reader = static_cast<Reader*>(self);
    auto got = reader->file_.read(reader->at_, {out, *size});
    if (!got) {
      reader->disk_error_ = got.error().text;
      return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
    }
    // libFLAC would stop where the header says the end is: that is not known yet.
    for (std::uint64_t at = kSamplesAt; at < kSamplesEnd; ++at) {
      if (at < reader->at_ || at >= reader->at_ + *got) continue;
      out[at - reader->at_] &= at == kSamplesAt ? 0xF0U : 0U;
    }
    reader->at_ += *got;
    *size = *got;
    return *got == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
  }
  static FLAC__StreamDecoderTellStatus tell(const FLAC__StreamDecoder* /*decoder*/, FLAC__uint64* at, void* self) {
    *at = static_cast<Reader*>(self)->at_;
    return FLAC__STREAM_DECODER_TELL_STATUS_OK;
  }
  static FLAC__StreamDecoderWriteStatus take(const FLAC__StreamDecoder* /*decoder*/, const FLAC__Frame* frame,
                                             const FLAC__int32* const* /*samples*/, void* self) {
    static_cast<Reader*>(self)->block_ += frame->header.blocksize;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
  }
  static void complain(const FLAC__StreamDecoder* /*decoder*/, FLAC__StreamDecoderErrorStatus /*status*/, void* self) {
    static_cast<Reader*>(self)->failed_ = true;
  }

  OutputFile& file_;
  const std::unique_ptr<FLAC__StreamDecoder, Delete> decoder_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t samples_ = 0;
  std::uint64_t block_ = 0;  // samples of the frame that is being decoded
  bool failed_ = false;
  std::string disk_error_;
};

}  // namespace

base::Result<Repaired> repair_flac(OutputFile& file) {
  std::array<std::uint8_t, kStart> start{};
  auto got = file.read(0, start);
  if (!got) return std::move(got.error());
  if (*got < kStart) return Repaired{};
  const std::span<const std::uint8_t> bytes(start);
  if (std::string_view(reinterpret_cast<const char*>(start.data()), 4) != "fLaC") {
    return base::Error{base::Kind::internal, "flac: it does not begin as one"};
  }
  Reader reader(file);
  if (!reader.run()) return base::Error{base::Kind::no_resources, "flac: no memory for the decoder"};
  if (!reader.disk_error().empty()) return base::Error{base::Kind::internal, reader.disk_error()};
  const std::uint64_t packed = big(bytes.subspan(18, 8));
  StreamInfo info;
  info.block_size = static_cast<std::uint32_t>(big(bytes.subspan(8, 2)));
  info.rate = static_cast<std::uint32_t>(packed >> 44U);
  info.channels = static_cast<int>(packed >> 41U & 7U) + 1;
  info.samples = reader.samples();
  const Repaired repaired{{info.rate, info.channels}, reader.samples()};
  if (reader.end() == 0) return Repaired{};
  const std::uint64_t stated = packed & ((std::uint64_t{1} << 36U) - 1);
  if (reader.end() < file.size()) {
    if (auto cut = file.truncate(reader.end()); !cut) return std::move(cut.error());
  } else if (stated == reader.samples()) {
    return repaired;
  }
  if (auto put = file.rewrite(0, stream_start(info)); !put) return std::move(put.error());
  return repaired;
}

}  // namespace record::flac
