#pragma once
// Who hears whom on one worker: wires from stream to stream, and bridges. Owned by a media worker; carry() and
// advance() never allocate.
//
//   a beat: every stream renders what it says ─▶ carry(): wires, bridges ─▶ every stream sends what it hears

#include <memory>
#include <span>
#include <vector>

#include "media/bridge.hpp"

namespace media {

// One way.
struct Wire {
  Stream* from = nullptr;
  Stream* to = nullptr;
  RateChange change;
};

class Switchboard {
 public:
  using Bridges = std::vector<std::unique_ptr<Bridge>>;

  // Joined already: changes the flow.
  void join(Stream& one, Stream& other, bool forth, bool back);
  void join(Stream& stream, Bridge& bridge, bool speaks, bool hears, base::Time issued);
  void unjoin(Stream& one, Stream& other) { join(one, other, false, false); }
  void unjoin(Stream& stream, Bridge& bridge, base::Time issued);
  // All joins of it are undone; what it said until now still goes into recordings.
  void leave(Stream& stream, base::Time issued);
  void forget(Stream& stream);

  void add(std::unique_ptr<Bridge> bridge) { bridges_.push_back(std::move(bridge)); }
  void close(Bridge& bridge, base::Time issued);
  Bridge* find(std::uint32_t id) const;
  const Bridges& bridges() const { return bridges_; }
  // Those that are closed, taken out.
  Bridges take_closed();

  // What moves to another worker, with everything that it is joined to.
  Bridges take(std::span<const std::uint32_t> ids);
  std::vector<std::unique_ptr<Wire>> take_wires(std::span<const std::uint32_t> ids);
  void add(std::vector<std::unique_ptr<Wire>> wires);
  // Bridges that stay where they are wait for what it said before it left them.
  bool is_waited_for(const Stream& stream) const;

  // Between two beats: follows the rates of the streams. Allocates where one has changed.
  void adapt();
  // Between the beginning and the end of a beat of all streams.
  void carry(Beat beat);
  void advance(base::Time now);

 private:
  void set_wire(Stream& from, Stream& to, bool wanted);
  void update(Stream& stream);

  std::vector<std::unique_ptr<Wire>> wires_;
  Bridges bridges_;
  std::array<std::int16_t, kMaxFrame> frame_;
};

}  // namespace media
