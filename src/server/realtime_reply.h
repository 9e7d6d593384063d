// One response of a realtime session, from what was said so far to its last event: function calls where the decision is
// an action, else words of the language model, spoken as they come.
#pragma once

#include "server/realtime_config.h"
#include "server/service.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace yanxing::server {

// What the conversation holds, as far as answering needs it.
struct RealtimeItem {
  std::string id;
  std::string kind; // message, function_call, function_call_output
  std::string role; // user, assistant, system
  std::string text; // words, or a call's arguments, or its output
  std::string name; // of a call
  std::string call_id;
};

struct RealtimeReply {
  std::string status = "completed"; // completed, cancelled, failed
  std::vector<RealtimeItem> items;  // for the conversation
  double decided_ms = 0;
  double first_audio_ms = 0;
};

// Makes the response and tells of it (`send` gets whole events; false: the peer has gone), until `stop`. `beta`: names
// of events as in the API's first version.
RealtimeReply make_realtime_reply(Service &service, const RealtimeConfig &config,
                                  const std::vector<RealtimeItem> &conversation, bool beta, const std::stop_token &stop,
                                  const std::function<bool(Json)> &send);

std::string realtime_id(const char *prefix); // "item_…", never the same twice

} // namespace yanxing::server
