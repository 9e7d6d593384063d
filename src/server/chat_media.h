// Pictures and sound in a chat, for a model that takes them as they are and for one that does not: then sound becomes
// its words, a picture the elements that are read from it, and a spoken command with a screenshot (“用户说：…”) is
// decided as a turn would be, rather than chatted about.
#pragma once

#include "base/json.h"
#include "server/service.h"

#include <optional>
#include <string>

namespace yanxing::server {

struct PreparedChat {
  Json body;                      // for the model, media in a form that it takes
  std::optional<Response> answer; // instead of asking it: an error, or the decision
  std::string path;               // how media was taken: "vision", "elements", "transcript"; "" where there was none
};

PreparedChat prepare_chat(Service &service, const LanguageModel::Facts &facts, const std::string &model, Json body);

// The command in a user's message of that form: “把这个发给李经理” of “用户说：把这个发给李经理”. Absent: another form.
std::optional<std::string> command_in(const std::string &message);

// The answer in the API's shape, whole or (where the body asks for it) as a stream of events.
Response chat_answer(const Json &body, const std::string &model, const Json &message, const Json &note);

} // namespace yanxing::server
