#pragma once
// A non-blocking UDP socket (v4 or v6) and the preallocated buffers it is read into, many datagrams a system call.
// A socket belongs to one thread at a time; a batch belongs to one thread and serves all of its sockets.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <sys/socket.h>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "net/address.hpp"

namespace net {

struct Datagram {
  std::span<const std::uint8_t> bytes;
  Address from;
  // When the kernel received it, on CLOCK_REALTIME; zero if it did not say.
  std::chrono::nanoseconds stamp{0};
  bool truncated = false;  // was longer than the buffer
  // Datagrams that the kernel had to drop on this socket so far, for want of room; modulo 2^32.
  std::uint32_t overflowed = 0;
};

// Never allocates after construction.
class ReceiveBatch {
 public:
  static constexpr std::size_t kDatagrams = 64;
  static constexpr std::size_t kBytes = 22 * 1024;  // 120 ms of 16-bit stereo at 44.1 kHz; longer ones are cut

  ReceiveBatch();

  std::size_t size() const { return size_; }
  bool is_full() const { return size_ == kDatagrams; }
  Datagram operator[](std::size_t index) const;

 private:
  friend class UdpSocket;
  struct Slots;
  struct Free {
    void operator()(Slots* slots) const;
  };
  std::unique_ptr<Slots, Free> slots_;
  std::size_t size_ = 0;
};

class UdpSocket {
 public:
  // Port 0: the system's choice.
  static base::Result<UdpSocket> bind(const Address& address);

  Address local() const;
  // False if the kernel did not take it: the datagram is lost, as any may be.
  bool send(std::span<const std::uint8_t> bytes, const Address& to) const;
  // Fills the batch with what is waiting; returns how many. Never blocks.
  std::size_t receive(ReceiveBatch& batch) const;

 private:
  explicit UdpSocket(base::Fd fd) : fd_(std::move(fd)) {}

  base::Fd fd_;
};

}  // namespace net
