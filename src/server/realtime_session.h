// One realtime conversation (OpenAI's Realtime API over a WebSocket): the events of the client in, the server's events
// out. Knows no socket: what is to be sent goes to `send`.
//
// Sound is fed to the voice detector as it comes. At the end of speech, or at a commit, the words are recognised; where
// the session has tools the decision is made as in any turn, and becomes function calls; where nothing is to be done,
// or there are no tools, the language model answers, and the answer is spoken. Speech that starts while a response runs
// cuts it off.
#pragma once

#include "base/json.h"
#include "server/service.h"

#include <functional>
#include <memory>
#include <string>

namespace yanxing::server {

class RealtimeSession {
public:
  // `beta`: the names of events and the flat session of the API's first version, else those of today's.
  // `send` may be called from any thread; false: the peer has gone.
  RealtimeSession(Service &service, std::string model, bool beta, std::function<bool(const Json &)> send);
  ~RealtimeSession(); // ends what runs
  RealtimeSession(const RealtimeSession &) = delete;
  RealtimeSession &operator=(const RealtimeSession &) = delete;

  void greet();                            // session.created
  void handle(const std::string &message); // one event of the client; what is wrong with it is sent as an error event
  void wait_until_idle();                  // responses that run have ended

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::server
