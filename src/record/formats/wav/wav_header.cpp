#include "record/formats/wav/wav_header.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "record/formats/byte_printer.hpp"
#include "record/formats/tag_text.hpp"

namespace record::wav {
namespace {

constexpr std::uint64_t kLargest = 0xFFFFFFFF;  // in RF64: "see ds64"
constexpr std::size_t kDs64 = 12;               // where it begins
constexpr std::size_t kDs64Size = 28;           // RIFF's, data's and fact's number with 64 bits each; no table

void chunk(BytePrinter& print, std::string_view name, std::span<const std::uint8_t> body) {
  print.text(name);
  print.little(body.size(), 4);
  print.bytes(body);
  print.zeros(body.size() % 2);
}

// "call-id=…; component-id=…; …"
std::string all_fields(const Tags& tags) {
  std::string all;
  for (const TagField& field : own_fields(tags)) {
    all += (all.empty() ? "" : "; ") + std::string(field.name) + "=" + field.value;
  }
  return all;
}

void bext(BytePrinter& print, const Tags& tags, std::uint32_t rate) {
  constexpr int kVersion = 1;
  constexpr std::size_t kUmidAndReserved = 64 + 190;
  const std::string started = started_of(tags);  // 2026-11-22T23:56:01.250Z
  const auto since_midnight =
      std::chrono::floor<std::chrono::milliseconds>(tags.began - std::chrono::floor<std::chrono::days>(tags.began));
  const auto samples = static_cast<std::uint64_t>(since_midnight.count()) * rate / 1000;
  BytePrinter body;
  body.text(ascii_tag_text(title_of(tags), 256), 256);
  body.text(ascii_tag_text(tags.software, 32), 32);
  body.text(ascii_tag_text(tags.component_id.empty() ? tags.call_id : tags.component_id, 32), 32);
  body.text(started.empty() ? std::string() : started.substr(0, 10), 10);
  body.text(started.empty() ? std::string() : started.substr(11, 8), 8);
  body.little(started.empty() ? 0 : samples, 8);
  body.little(kVersion, 2);
  body.zeros(kUmidAndReserved);
  chunk(print, "bext", body.printed());
}

void info(BytePrinter& print, const Tags& tags) {
  BytePrinter body;
  body.text("INFO");
  const auto text = [&body](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    const auto* begin = reinterpret_cast<const std::uint8_t*>(value.c_str());
    chunk(body, name, {begin, value.size() + 1});
  };
  text("INAM", title_of(tags));
  text("ICRD", date_of(tags));
  text("ISFT", tag_text(tags.software));
  text("ICMT", all_fields(tags));
  chunk(print, "LIST", body.printed());
}

bool is_anything_known(const Tags& tags) { return !own_fields(tags).empty() || !tags.software.empty(); }

}  // namespace

WavHeader::WavHeader(const WavLayout& layout, const AudioFormat& audio, const Tags& tags) {
  constexpr std::uint32_t kPcm = 1;
  const bool has_samples_in_blocks = layout.block_samples > 1;
  BytePrinter print;
  print.text("RIFF");
  print.little(0, 4);
  print.text("WAVE");
  print.text("JUNK");
  print.little(kDs64Size, 4);
  print.zeros(kDs64Size);
  if (is_anything_known(tags)) {
    bext(print, tags, audio.rate);
    info(print, tags);
  }
  print.text("fmt ");
  print.little(layout.tag == kPcm ? 16 : has_samples_in_blocks ? 20 : 18, 4);
  print.little(layout.tag, 2);
  print.little(static_cast<std::uint32_t>(audio.channels), 2);
  print.little(audio.rate, 4);
  print.little(std::uint64_t{audio.rate} * layout.block_size / layout.block_samples, 4);
  print.little(layout.block_size, 2);
  print.little(layout.bits, 2);
  if (layout.tag != kPcm) {
    print.little(has_samples_in_blocks ? 2 : 0, 2);  // bytes that follow
    if (has_samples_in_blocks) print.little(layout.block_samples, 2);
    print.text("fact");
    print.little(4, 4);
    fact_ = print.size();
    print.little(0, 4);
  }
  print.text("data");
  print.little(0, 4);
  bytes_ = print.take();
}

std::span<const std::uint8_t> WavHeader::with_data(std::uint64_t data_size, std::uint64_t samples) {
  const auto put = [this](std::size_t at, const BytePrinter& print) {
    std::copy(print.printed().begin(), print.printed().end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto number = [&put](std::size_t at, std::uint64_t value) {
    BytePrinter print;
    print.little(value, 4);
    put(at, print);
  };
  const std::uint64_t riff_size = size() + data_size + data_size % 2 - 8;
  const bool is_large = riff_size > kLargest;
  if (is_large) {
    BytePrinter ds64;
    ds64.text("ds64");
    ds64.little(kDs64Size, 4);
    ds64.little(riff_size, 8);
    ds64.little(data_size, 8);
    ds64.little(samples, 8);
    ds64.little(0, 4);  // no other chunk is large
    put(kDs64, ds64);
    BytePrinter rf64;
    rf64.text("RF64");
    put(0, rf64);
  }
  number(4, is_large ? kLargest : riff_size);
  if (fact_ != 0) number(fact_, is_large ? kLargest : samples);
  number(size() - 4, is_large ? kLargest : data_size);
  return bytes_;
}

}  // namespace record::wav
