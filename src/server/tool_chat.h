// A chat whose answer may call tools, on its way through the core. The core's own handlers make grammar and parser
// where nobody can reach them; so these chats become the core's tasks here, and its results the answer. Private to
// language_model.cc: speaks the core's types.
#pragma once

#include "server/http.h"
#include "server/tool_calls.h"

#include <server-context.h>

#include <functional>
#include <memory>
#include <string>

namespace yanxing::server {

class ToolChat {
public:
  // Once the model is loaded. `context` and `params` outlive this.
  ToolChat(server_context &context, const common_params &params);

  // `keep`: held until the answer is written. Throws what is wrong with the request; else as LanguageModel::ask().
  Response ask(task_response_type shape, common_json chat, const std::function<bool()> &gone,
               const std::shared_ptr<void> &keep) const;

private:
  [[nodiscard]] std::vector<server_task> tasks_of(const common_json &parameters, std::vector<raw_buffer> files,
                                                  task_response_type shape, server_response_reader &reader) const;

  server_context &context_;
  const common_params &params_;
  server_context_meta meta_;
  const llama_vocab *vocab_;
  ToolForm form_;
};

// The request of a chat in one of the three APIs as a chat of OpenAI's; whether its answer may call a tool.
common_json as_chat(task_response_type shape, const std::string &body);
bool may_call_tools(const common_json &chat);

} // namespace yanxing::server
