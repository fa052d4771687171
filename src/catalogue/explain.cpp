#include "catalogue/explain.hpp"

#include <map>
#include <spdlog/fmt/fmt.h>

#include "base/utc.hpp"

namespace catalogue {
namespace {

using std::chrono::milliseconds;

// Shorter than this nobody misses.
constexpr milliseconds kWorthSaying{500};

std::string seconds(std::uint64_t ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); }
std::string seconds(milliseconds time) {
  return seconds(static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)));
}

std::string ending(const Ended& ended) {
  static const std::map<std::string, std::string, std::less<>> kWords = {
      {"stop", "because the client said stop"},
      {"hangup", "because the call ended"},
      {"max-duration", "because it was as long as it was allowed to be (max-duration)"},
      {"initial-timeout", "because nobody spoke at the beginning (initial-timeout)"},
      {"final-timeout", "because there was silence after speech (final-timeout)"},
      {"discarded", "before anything was recorded: its call had ended"},
      {"error", "because of an error"},
      {"interrupted", "because the server ended before it did"}};
  const auto found = kWords.find(ended.reason);
  return found != kWords.end() ? found->second : "for the reason '" + ended.reason + "'";
}

class Explanation {
 public:
  Explanation(const Recording& recording, const std::vector<Attempt>& attempts, FileState file, Instant now)
      : recording_(recording), ended_(recording.ended), attempts_(attempts), file_(file), now_(now) {}

  std::vector<std::string> sentences() {
    if (recording_.state() == State::recording) {
      say("It began {} ago and is still growing, or its server ended and has not started again since.",
          seconds(now_ - recording_.begun.opened));
      if (file_ == FileState::gone) say("Its spool file is gone: it was removed by somebody else.");
      return std::move(sentences_);
    }
    tell_whereabouts();
    tell_end();
    tell_length();
    tell_silence();
    tell_quality();
    tell_delivery();
    return std::move(sentences_);
  }

 private:
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    sentences_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void tell_whereabouts() {
    if (recording_.deleted) {
      say("It was deleted on {} ({}).", base::utc_text(*recording_.deleted), recording_.delete_reason);
    } else if (recording_.deleting) {
      say("Its deletion was asked for on {} ({}); the server completes it at its next sweep{}.",
          base::utc_text(*recording_.deleting), recording_.delete_reason,
          ended_.delivery == Delivery::waiting ? ", once it has been stored" : "");
    } else if (ended_.sha256.empty() && ended_.uri.empty()) {
      say("There is no file: nothing was recorded.");
    } else if (ended_.file.empty()) {
      say("Its local copy is gone; the store '{}' has it: {}", ended_.store, ended_.uri);
    } else if (file_ == FileState::gone) {
      say("Its file {} is gone, and it was not this server that deleted it.", ended_.file);
    }
    if (recording_.hold) say("It is under a legal hold ({}): nothing deletes it.", *recording_.hold);
  }

  void tell_end() {
    say("It ended after {} {}.", seconds(ended_.ended - recording_.begun.opened), ending(ended_));
    if (recording_.state() == State::interrupted) {
      say("The server was killed or lost power: at most the last second that was spoken is missing at its end.");
    }
    if (!ended_.error.empty()) say("What went wrong: {}.", ended_.error);
  }

  void tell_length() {
    const auto passed = std::chrono::duration_cast<milliseconds>(ended_.ended - recording_.begun.opened);
    const auto missing = passed - ended_.duration;
    if (missing < kWorthSaying) return;
    say("The file plays {}, which is {} less than passed between its start and its end.", seconds(ended_.duration),
        seconds(missing));
    std::uint64_t skipped = 0;
    for (const Gap& gap : ended_.gaps) skipped += gap.kind == "paused" ? gap.skipped : 0;
    skipped = std::max(skipped, ended_.gaps.empty() ? ended_.loss.paused : skipped);
    if (skipped > 0) say("{} of that the client had paused it.", seconds(skipped));
    if (ended_.duration.count() == 0) say("No audio came while it was open.");
  }

  void tell_silence() {
    const Loss& loss = ended_.loss;
    if (loss.no_media_at_start) {
      say("Nothing was received from the party in its first two seconds: a firewall, or the party sent nothing.");
    }
    if (loss.packets_received == 0 && recording_.begun.channels != "recv" && !recording_.begun.is_of_mixer) {
      say("No packet was received from the party at all: what it would have said is silence.");
    }
    tell(loss.silent, "the party sent nothing (it was silent, muted or gone): there is silence");
    tell(loss.held, "the call was on hold: there is silence");
    tell(loss.noise, "there is comfort noise that the party asked for");
  }

  void tell_quality() {
    const Loss& loss = ended_.loss;
    tell(loss.lost, "packets were lost by the network: there is silence in their place");
    tell(loss.repaired, "packets were lost by the network, and what they held was made up for");
    tell(loss.overrun, "the machine was too slow to write (disk or CPU): there is silence");
    const std::uint64_t expected = loss.packets_received + loss.packets_lost;
    if (loss.packets_lost > 0) {
      say("The network lost {} of {} packets ({:.1f} %).", loss.packets_lost, expected,
          100.0 * static_cast<double>(loss.packets_lost) / static_cast<double>(expected));
    }
    if (recording_.begun.is_encrypted) say("It is encrypted: `telegraphone decrypt` opens it with its owner's key.");
  }

  void tell_delivery() {
    std::size_t failures = 0;
    for (const Attempt& attempt : attempts_) failures += attempt.error.empty() ? 0 : 1;
    if (ended_.delivery == Delivery::waiting) {
      say("It waits to be stored; {} tries failed{}.", failures,
          failures == 0 ? "" : ", the last: " + attempts_.back().error);
    } else if (ended_.delivery == Delivery::refused) {
      say("Storing it was given up; `telegraphone recordings retry` asks for it again.");
    } else if (failures > 0) {
      say("It was stored after {} tries that failed.", failures);
    }
  }

  void tell(std::uint64_t ms, std::string_view what) {
    if (ms == 0) return;
    const auto all = static_cast<double>(ended_.duration.count());
    const std::string share =
        all > 0 ? fmt::format(" ({:.0f} %)", std::min(100.0, 100.0 * static_cast<double>(ms) / all)) : "";
    say("For {}{} {}.", seconds(ms), share, what);
  }

  const Recording& recording_;
  const Ended& ended_;
  const std::vector<Attempt>& attempts_;
  const FileState file_;
  const Instant now_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> explain(const Recording& recording, const std::vector<Attempt>& attempts, FileState file,
                                 Instant now) {
  return Explanation(recording, attempts, file, now).sentences();
}

}  // namespace catalogue
