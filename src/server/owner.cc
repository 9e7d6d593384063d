#include "server/owner.h"

#include "base/files.h"
#include "server/errors.h"

#include <charconv>
#include <sstream>
#include <unistd.h>

namespace yanxing::server {
namespace {

// "1F90" of "0100007F:1F90"; -1 where it is none.
int port_of(const std::string &address) {
  const auto colon = address.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port, 16);
  }
  return port;
}

bool is_owner(const Request &request) {
  if (request.has_key) {
    return true;
  }
  for (const char *table : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    const auto text = read_file(table, 64 << 20);
    if (text && is_held_by(*text, request.peer_port, request.own_port, ::getuid())) {
      return true;
    }
  }
  return false;
}

} // namespace

bool is_held_by(const std::string &table, int peer_port, int own_port, unsigned uid) {
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line); // the heading
  bool held = false;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits;
    unsigned holder = 0;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> holder;
    if (words && port_of(local) == peer_port && port_of(remote) == own_port) {
      if (holder != uid) {
        return false; // two that cannot be told apart: rather nobody
      }
      held = true;
    }
  }
  return held;
}

Handler for_owner(Handler handler) {
  return [handler = std::move(handler)](const Request &request) {
    return is_owner(request)
               ? handler(request)
               : error_response(403,
                                "this is for the user alone who runs this server; start it with --api-key and "
                                "show the key",
                                "not_the_owner");
  };
}

} // namespace yanxing::server
