#include "play/loader.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "play/uri_list.hpp"

namespace play {

using base::Result;

namespace {

constexpr std::size_t kMaxFiles = 64;  // open at once for one output
constexpr int kMaxDepth = 3;           // a list of addresses of documents of audio
constexpr std::size_t kMaxText = 262144;

base::Error not_supported(std::string text) { return {base::Kind::not_supported, std::move(text), base::Fault::peer}; }

// Of files whose server does not say.
std::string type_by_name(const std::string& path) {
  if (path.ends_with(".ssml")) return "application/ssml+xml";
  if (path.ends_with(".txt")) return "text/plain";
  if (path.ends_with(".uris")) return "text/uri-list";
  return {};
}

std::optional<Document::Type> document_type(const std::string& type) {
  if (type == "application/ssml+xml") return Document::Type::ssml;
  if (type == "text/plain") return Document::Type::text;
  if (type == "text/uri-list") return Document::Type::uri_list;
  return std::nullopt;
}

Result<std::string> read_text(int fd) {
  std::string text(kMaxText + 1, '\0');
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  if (count < 0 || static_cast<std::size_t>(count) > kMaxText) {
    return base::Error{base::Kind::not_acceptable, "the document is too long", base::Fault::destination};
  }
  text.resize(static_cast<std::size_t>(count));
  return text;
}

bool is_audio(int fd) {
  std::array<std::uint8_t, 12> start{};
  const ssize_t count = ::pread(fd, start.data(), start.size(), 0);
  return count > 0 && starts_like_audio(std::span(start).first(static_cast<std::size_t>(count)));
}

}  // namespace

Loader::Loader(const FileRoots& roots, const DiskCache& cache, const FetchOptions& fetching,
               const SpeechOptions& speech, const std::atomic<bool>& stopping)
    : roots_(roots), fetcher_(fetching, cache, stopping), speech_(speech, cache, stopping) {}

Result<std::unique_ptr<Rendering>> Loader::load(const Request& request) {
  Load load{request, Program(request.rate)};
  for (const Document& document : request.documents) {
    if (auto added = add(load, document, 0); !added) return std::move(added.error());
  }
  if (load.program.size() == 0) return base::bad_request("there is nothing to render");
  return std::make_unique<Rendering>(std::move(load.program), request.manner);
}

Result<void> Loader::add(Load& load, const Document& document, int depth) {
  switch (document.type) {
    case Document::Type::uri:
      return add_uri(load, document.content, depth);
    case Document::Type::uri_list: {
      const auto uris = read_uri_list(document.content);
      if (!uris) return base::Error(uris.error());
      for (const std::string& uri : *uris) {
        if (auto added = add_uri(load, uri, depth); !added) return added;
      }
      return {};
    }
    case Document::Type::text: {
      if (document.content.find_first_not_of(" \t\r\n") == std::string::npos) {
        return base::bad_request("there is no text to speak");
      }
      auto spoken = speech_.say(document.content, {load.request.voice, {}});
      if (!spoken) return std::move(spoken.error());
      return add_audio(load, std::move(*spoken));
    }
    case Document::Type::ssml:
      return add_ssml(load, document.content, depth);
  }
  return {};
}

Result<void> Loader::add_ssml(Load& load, const std::string& text, int depth) {
  const auto ssml = read_ssml(text);
  if (!ssml) return base::Error(ssml.error());
  return add_parts(load, ssml->parts, {load.request.voice, ssml->language}, depth);
}

Result<void> Loader::add_parts(Load& load, const std::vector<SpokenPart>& parts, const Speech::Wish& wish, int depth) {
  for (const SpokenPart& part : parts) {
    if (part.audio.empty()) {
      auto spoken = speech_.say_ssml(part.ssml, wish);
      if (!spoken) return std::move(spoken.error());
      if (auto added = add_audio(load, std::move(*spoken)); !added) return added;
    } else if (auto added = add_uri(load, part.audio, depth); !added) {
      if (part.instead.empty()) return added;
      if (auto spoken = add_parts(load, part.instead, wish, depth); !spoken) return spoken;
    }
  }
  return {};
}

// What a URI leads to is audio, by what is in it, or else a document by its type.
Result<void> Loader::add_uri(Load& load, const std::string& uri, int depth) {
  if (depth > kMaxDepth) return not_supported("documents that refer to documents, more than three deep");
  auto source = open(uri);
  if (!source) return std::move(source.error());
  if (const auto type = document_type(source->type); type && !is_audio(source->file.get())) {
    auto text = read_text(source->file.get());
    if (!text) return std::move(text.error()).in(in_quotes(uri));
    return add(load, {*type, std::move(*text)}, depth + 1);
  }
  if (auto added = add_audio(load, std::move(source->file)); !added) {
    return std::move(added.error()).in(in_quotes(uri));
  }
  return {};
}

Result<Loader::Source> Loader::open(const std::string& uri) {
  const std::string scheme = scheme_of(uri);
  if (scheme == "http" || scheme == "https") {
    auto fetched = fetcher_.fetch(uri);
    if (!fetched) return std::move(fetched.error());
    return Source{std::move(fetched->file), std::move(fetched->content_type)};
  }
  if (scheme != "file") return not_supported(in_quotes(uri) + ": this server plays file:, http: and https:");
  const auto path = path_of_file_uri(uri);
  if (!path) return base::Error(path.error());
  auto file = roots_.open(*path);
  if (!file) return std::move(file.error());
  return Source{std::move(*file), type_by_name(*path)};
}

Result<void> Loader::add_audio(Load& load, base::Fd file) {
  if (load.program.size() >= kMaxFiles) {
    return not_supported("more than " + std::to_string(kMaxFiles) + " files in one output");
  }
  auto audio = AudioFile::open(std::move(file), load.request.rate);
  if (!audio) return std::move(audio.error());
  load.program.add(std::move(*audio));
  return {};
}

}  // namespace play
