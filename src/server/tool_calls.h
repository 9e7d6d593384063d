// How a model calls tools. llama.cpp's templates know a model's own form (<tool_call>…), but hold it to that form only
// after its marker, and small models write the call as plain JSON instead. Here both forms are read and both are held
// to the tools' schemas. Private to language_model.cc and chat_tasks.cc: speaks the core's types.
#pragma once

#include <server-common.h>

#include <string>
#include <vector>

namespace yanxing::server {

class ToolForm {
public:
  // What the chat template gives away when a tool is offered.
  explicit ToolForm(const server_chat_params &chat, bool template_shows_tools);

  // A template that shows no tools: says in the system message what there is and how to call it.
  void describe_tools(common_json &chat) const;

  // What the core makes of a chat whose answer may or must call a tool, with grammar and parser of both forms: the
  // answer to "required" is a call and nothing else. Throws where a schema cannot be had as a grammar.
  common_json made_of(common_json chat, const server_chat_params &settings, std::vector<raw_buffer> &files) const;

private:
  void hold_to_schemas(const common_json &chat, common_json &parameters) const;

  std::string marker_;        // begins a call in the model's own form; empty: it has none
  bool shows_tools_ = false;  // the template writes them into the prompt
  bool core_decides_ = false; // a model that thinks first, or of a form with several markers: the core's own rules
};

} // namespace yanxing::server
