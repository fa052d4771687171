#include "net/udp_socket.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>

namespace net {
namespace {

// Holds what comes while the process stands still. The kernel counts some 800 bytes for a packet of G.711, 2,300 for
// 10 ms of 16-bit audio at 48 kHz, against twice this: more than 10 s and 9 s. Without CAP_NET_ADMIN net.core.rmem_max
// is the limit, 208 KiB on an untuned system: 10 s and 1.8 s.
constexpr int kReceiveBuffer = 1024 * 1024;
constexpr std::size_t kControl = CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(std::uint32_t));

}  // namespace

struct ReceiveBatch::Slots {
  std::array<mmsghdr, kDatagrams> headers;
  std::array<iovec, kDatagrams> vectors;
  std::array<sockaddr_storage, kDatagrams> names;
  alignas(cmsghdr) std::array<std::array<std::uint8_t, kControl>, kDatagrams> controls;
  std::array<std::array<std::uint8_t, kBytes>, kDatagrams> bytes;
};

void ReceiveBatch::Free::operator()(Slots* slots) const { delete slots; }

ReceiveBatch::ReceiveBatch() : slots_(new Slots) {
  static_assert(kControl % alignof(cmsghdr) == 0);
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    slots_->vectors[i] = {slots_->bytes[i].data(), kBytes};
    slots_->headers[i] = {};
    msghdr& header = slots_->headers[i].msg_hdr;
    header.msg_name = &slots_->names[i];
    header.msg_iov = &slots_->vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = slots_->controls[i].data();
    header.msg_namelen = Address::capacity();
    header.msg_controllen = kControl;
  }
}

Datagram ReceiveBatch::operator[](std::size_t index) const {
  mmsghdr& message = slots_->headers[index];
  Datagram datagram;
  datagram.bytes = {slots_->bytes[index].data(), std::min<std::size_t>(message.msg_len, kBytes)};
  datagram.from = Address::from(reinterpret_cast<const sockaddr*>(&slots_->names[index]), message.msg_hdr.msg_namelen);
  datagram.truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message.msg_hdr); part != nullptr; part = CMSG_NXTHDR(&message.msg_hdr, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&datagram.overflowed, CMSG_DATA(part), sizeof datagram.overflowed);
    } else if (part->cmsg_type == SCM_TIMESTAMPNS) {
      timespec time{};
      std::memcpy(&time, CMSG_DATA(part), sizeof time);
      datagram.stamp = std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    }
  }
  return datagram;
}

base::Result<UdpSocket> UdpSocket::bind(const Address& address) {
  base::Fd fd(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return base::Error{base::Kind::no_resources, std::string("open UDP socket: ") + std::strerror(errno)};
  const int on = 1;
  if (address.family() == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  setsockopt(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (::bind(fd.get(), address.data(), address.size()) != 0) {
    const base::Kind kind = errno == EADDRINUSE || errno == EACCES ? base::Kind::no_resources : base::Kind::unavailable;
    return base::Error{kind, "bind UDP " + address.str() + ": " + std::strerror(errno)};
  }
  return UdpSocket(std::move(fd));
}

Address UdpSocket::local() const {
  Address address;
  socklen_t size = Address::capacity();
  if (getsockname(fd_.get(), address.data(), &size) != 0) return {};
  return address;
}

bool UdpSocket::send(std::span<const std::uint8_t> bytes, const Address& to) const {
  const ssize_t sent = sendto(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, to.data(), to.size());
  return sent == static_cast<ssize_t>(bytes.size());
}

std::size_t UdpSocket::receive(ReceiveBatch& batch) const {
  // The kernel has written the lengths of what the last batch held; the rest stands as it was made.
  for (std::size_t i = 0; i < batch.size_; ++i) {
    batch.slots_->headers[i].msg_hdr.msg_namelen = Address::capacity();
    batch.slots_->headers[i].msg_hdr.msg_controllen = kControl;
  }
  const int got = recvmmsg(fd_.get(), batch.slots_->headers.data(), ReceiveBatch::kDatagrams, MSG_DONTWAIT, nullptr);
  batch.size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return batch.size_;
}

}  // namespace net
