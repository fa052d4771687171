#include "play/player.hpp"

#include <algorithm>
#include <pthread.h>
#include <string>
#include <system_error>

#include "base/clock.hpp"

namespace play {
namespace {

constexpr base::milliseconds kTurn{50};
constexpr base::milliseconds kForever{-1};

}  // namespace

base::Result<void> Player::start() {
  if (!inbox_) return base::Error{base::Kind::no_resources, "start a play thread: no descriptor left"};
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return base::Error{base::Kind::no_resources, std::string("start a play thread: ") + error.what()};
  }
  return {};
}

void Player::stop() {
  if (!thread_.joinable()) return;
  inbox_.post({What::stop, 0, 0, {}});
  thread_.join();
}

void Player::add(RenderingId id, std::unique_ptr<Rendering> rendering) {
  inbox_.post({What::add, id, 0, std::move(rendering)});
}
void Player::seek(RenderingId id, std::chrono::milliseconds by) { inbox_.post({What::seek, id, by.count(), {}}); }
void Player::change_speed(RenderingId id, int tenths) { inbox_.post({What::change_speed, id, tenths, {}}); }
void Player::remove(RenderingId id) { inbox_.post({What::remove, id, 0, {}}); }

void Player::obey(Command&& command) {
  const auto found = renderings_.find(command.id);
  switch (command.what) {
    case What::add:
      renderings_.emplace(command.id, std::move(command.rendering));
      break;
    case What::seek:
      if (found != renderings_.end()) found->second->seek(base::milliseconds(command.amount));
      break;
    case What::change_speed:
      if (found != renderings_.end()) found->second->change_speed(static_cast<int>(command.amount));
      break;
    case What::remove:
      renderings_.erase(command.id);
      break;
    case What::stop:
      stopping_ = true;
      break;
  }
}

void Player::run() {
  pthread_setname_np(pthread_self(), ("player-" + std::to_string(number_)).c_str());
  base::Time next_turn = base::Clock::now();
  while (!stopping_) {
    const auto left = std::chrono::ceil<base::milliseconds>(next_turn - base::Clock::now());
    inbox_.wait(renderings_.empty() ? kForever : std::max(left, base::milliseconds(0)));
    inbox_.drain([this](Command&& command) { obey(std::move(command)); });
    if (base::Clock::now() < next_turn) continue;
    for (auto& [id, rendering] : renderings_) rendering->fill();
    next_turn = base::Clock::now() + kTurn;
  }
  renderings_.clear();
}

}  // namespace play
