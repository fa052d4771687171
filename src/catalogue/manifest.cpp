#include "catalogue/manifest.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "catalogue/digest.hpp"

namespace catalogue {
namespace {

using nlohmann::json;

constexpr std::string_view kSigned =
    "telegraphone manifest 1\n";  // nothing else that is signed can be taken for a line
constexpr std::size_t kSignatureDigits = 128;
constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 53U;  // that every JSON reader gets right
const std::string kNothingBefore(64, '0');

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

base::Error file_error(const std::filesystem::path& file, int error) {
  return {error == ENOSPC ? base::Kind::no_resources : base::Kind::internal,
          "manifest " + file.string() + ": " + std::generic_category().message(error)};
}

std::string line_of(const Entry& entry, std::int64_t number, const std::string& previous, const SigningKey& key) {
  json value = {{"n", number},
                {"at", milliseconds_of(entry.at)},
                {"id", entry.id},
                {"kind", entry.kind == Entry::Kind::recording ? "recording" : "deletion"},
                {"sha256", entry.sha256},
                {"size", entry.size},
                {"duration", entry.duration},
                {"facts", entry.facts},
                {"prev", previous}};
  if (entry.kind == Entry::Kind::deletion) value["reason"] = entry.reason;
  if (entry.is_late) value["late"] = true;
  std::string text = dump(value);
  const auto signature = key.sign(std::string(kSigned) + text);
  return text + " " + hex(signature);
}

struct Tail {
  off_t whole = 0;        // bytes of complete lines
  std::string last_line;  // empty: there is none
};

// Zero or an errno.
int read_tail(int fd, Tail& tail) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  const off_t size = status.st_size;
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(2 * kLongestLine));
  std::string text(static_cast<std::size_t>(size - from), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t got = ::pread(fd, text.data() + done, text.size() - done, from + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EIO;
    done += static_cast<std::size_t>(got);
  }
  const auto end = text.rfind('\n');
  if (end == std::string::npos) return from == 0 ? 0 : EUCLEAN;
  tail.whole = from + static_cast<off_t>(end) + 1;
  const auto before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  tail.last_line = text.substr(start, end - start);
  return 0;
}

// The number of a line, whoever signed it: the chain goes on behind it.
std::int64_t number_of(std::string_view line) {
  const json value = json::parse(line.substr(0, line.rfind(' ')), nullptr, false);
  if (!value.is_object()) return 0;
  const auto number = value.find("n");
  if (number == value.end() || !number->is_number_unsigned()) return 0;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number->get<std::uint64_t>(), kLargestNumber));
}

// A whole number that is not negative; throws where it is none, as json itself does.
std::int64_t whole_number(const json& value, const char* name) {
  const json& number = value.at(name);
  if (!number.is_number_unsigned() || number.get<std::uint64_t>() > static_cast<std::uint64_t>(kLargestNumber)) {
    throw json::other_error::create(501, std::string("no whole number: ") + name, &value);
  }
  return static_cast<std::int64_t>(number.get<std::uint64_t>());
}

int append_synced(int fd, off_t at, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::pwrite(fd, text.data(), text.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    at += written;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

std::string facts_digest(const Recording& recording) {
  const Begun& begun = recording.begun;
  const Ended& ended = recording.ended;
  json gaps = json::array();
  for (const Gap& gap : ended.gaps) gaps.push_back({gap.kind, gap.at, gap.length, gap.skipped});
  json beside = json::array();
  for (const File& file : ended.beside) {
    beside.push_back({std::filesystem::path(file.path).filename().string(), file.size, file.sha256});
  }
  // Sorted keys, no spaces: the same facts are the same text.
  return sha256_of(dump({{"id", begun.id},
                         {"call", begun.call},
                         {"component", begun.component},
                         {"mixer", begun.is_of_mixer},
                         {"account", begun.account},
                         {"from", begun.from},
                         {"to", begun.to},
                         {"format", begun.format},
                         {"channels", begun.channels},
                         {"sample_rate", begun.sample_rate},
                         {"encrypted", begun.is_encrypted},
                         {"opened", milliseconds_of(begun.opened)},
                         {"state", name_of(ended.state)},
                         {"ended", milliseconds_of(ended.ended)},
                         {"reason", ended.reason},
                         {"error", ended.error},
                         {"duration", ended.duration.count()},
                         {"size", ended.size},
                         {"sha256", ended.sha256},
                         {"loss", loss_text(ended.loss)},
                         {"gaps", gaps},
                         {"gaps_complete", ended.has_all_gaps},
                         {"beside", beside}}));
}

Entry entry_of_end(const Recording& recording, Instant now) {
  return {Entry::Kind::recording,
          now,
          recording.begun.id,
          recording.ended.sha256,
          recording.ended.size,
          recording.ended.duration.count(),
          facts_digest(recording),
          {},
          false};
}

Entry entry_of_deletion(const Recording& recording, Instant now) {
  Entry entry = entry_of_end(recording, now);
  entry.kind = Entry::Kind::deletion;
  entry.reason = recording.delete_reason;
  return entry;
}

base::Result<std::int64_t> Manifest::append(std::span<const Entry> entries) const {
  const base::Fd fd(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd) return file_error(file_, errno);
  while (::flock(fd.get(), LOCK_EX) != 0) {  // until the descriptor is closed
    if (errno != EINTR) return file_error(file_, errno);
  }
  Tail tail;
  if (const int error = read_tail(fd.get(), tail); error != 0) return file_error(file_, error);
  std::string previous = tail.last_line.empty() ? kNothingBefore : sha256_of(tail.last_line);
  const std::int64_t first = tail.last_line.empty() ? 1 : number_of(tail.last_line) + 1;
  std::int64_t number = first;
  std::string text;
  for (const Entry& entry : entries) {
    const std::string line = line_of(entry, number++, previous, key_);
    if (line.size() > kLongestLine) return base::bad_request("manifest: the entry of " + entry.id + " is too long");
    previous = sha256_of(line);
    text += line + '\n';
  }
  if (::ftruncate(fd.get(), tail.whole) != 0) return file_error(file_, errno);
  if (const int error = append_synced(fd.get(), tail.whole, text); error != 0) {
    [[maybe_unused]] const int ignored = ::ftruncate(fd.get(), tail.whole);
    return file_error(file_, error);
  }
  if (tail.whole == 0) {
    const base::Fd folder(::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
  }
  return first;
}

std::optional<Link> parse_line(std::string_view line, const PublicKey& key) {
  if (line.size() > kLongestLine || line.size() < kSignatureDigits + 2) return std::nullopt;
  const std::size_t split = line.size() - kSignatureDigits - 1;
  std::array<unsigned char, 64> signature{};
  if (line[split] != ' ' || !parse_hex(line.substr(split + 1), signature)) return std::nullopt;
  const std::string_view text = line.substr(0, split);
  if (!key.has_signed(std::string(kSigned) + std::string(text), signature)) return std::nullopt;
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  try {  // it is signed, so it is ours: what is missing now is another version's
    Link link{whole_number(value, "n"), value.at("prev").get<std::string>(), {}};
    if (link.number < 1) return std::nullopt;
    const auto kind = value.at("kind").get<std::string>();
    if (kind != "recording" && kind != "deletion") return std::nullopt;
    link.entry = {.kind = kind == "recording" ? Entry::Kind::recording : Entry::Kind::deletion,
                  .at = instant_of(whole_number(value, "at")),
                  .id = value.at("id").get<std::string>(),
                  .sha256 = value.at("sha256").get<std::string>(),
                  .size = static_cast<std::uint64_t>(whole_number(value, "size")),
                  .duration = whole_number(value, "duration"),
                  .facts = value.at("facts").get<std::string>(),
                  .reason = value.value("reason", std::string()),
                  .is_late = value.value("late", false)};
    return link;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

base::Result<ManifestReport> read_manifest(const std::filesystem::path& file, const PublicKey& key,
                                           const std::function<void(const Link&)>& each) {
  ManifestReport report;
  report.head = kNothingBefore;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return report;
  std::int64_t unsigned_lines = 0;  // since the last good one
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) return base::Error{base::Kind::internal, "manifest " + file.string() + ": cannot be read"};
  for (std::string line; std::getline(in, line);) {
    const std::string name = "line " + std::to_string(report.lines + 1);
    if (in.eof()) {  // no newline behind it: the crash of a writer, which will cut it off and write it again
      report.findings.push_back(name + " of the manifest is torn");
      break;
    }
    ++report.lines;
    const auto link = parse_line(line, key);
    if (!link) {
      report.findings.push_back(name + " of the manifest was changed or put in: its signature is wrong");
      ++unsigned_lines;
    } else {
      const std::int64_t missing = link->number - report.last_number - 1 - unsigned_lines;
      if (missing > 0) {
        report.findings.push_back("before " + name + " of the manifest " + std::to_string(missing) +
                                  " lines were removed");
      } else if (link->number <= report.last_number) {
        report.findings.push_back(name + " of the manifest is not in its place: it has the number " +
                                  std::to_string(link->number));
      } else if (unsigned_lines == 0 && link->previous != report.head) {
        report.findings.push_back(name + " of the manifest does not follow the line before it");
      }
      report.last_number = link->number;
      unsigned_lines = 0;
      each(*link);
    }
    report.head = sha256_of(line);
  }
  return report;
}

}  // namespace catalogue
