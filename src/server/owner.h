// What touches this machine (its screen, its files, programs that are started) is for its owner alone.
#pragma once

#include "server/http.h"

namespace yanxing::server {

// The handler for whoever shows a key, or, of a server without keys, for programs of the very user that runs it:
// another user of the same machine reaches 127.0.0.1 too. Others get status 403.
Handler for_owner(Handler handler);

// Whether the connection between these two ports is held at its other end by user `uid` of this machine. `table` is the
// text of /proc/net/tcp or tcp6.
bool is_held_by(const std::string &table, int peer_port, int own_port, unsigned uid);

} // namespace yanxing::server
