#include "server/tool_chat.h"

#include "server/errors.h"

#include <server-chat.h>
#include <server-schema.h>

#include <llama.h>

namespace yanxing::server {
namespace {

std::string event_of(task_response_type shape, const common_json &result) {
  switch (shape) {
  case TASK_RESPONSE_TYPE_ANTHROPIC:
    return format_anthropic_sse(result);
  case TASK_RESPONSE_TYPE_OAI_RESP:
    return format_oai_resp_sse(result);
  default:
    return format_oai_sse(result);
  }
}

Response error_of(server_task_result &result) {
  const auto error = result.to_json();
  const bool too_long = json_value(error, "type", std::string()) == "exceed_context_size_error";
  return error_response(json_value(error, "code", 500), json_value(error, "message", std::string()),
                        too_long ? "context_length_exceeded" : "");
}

Response nobody_waits() { return error_response(408, "the request took too long, or the client has gone", "timeout"); }

// The answers to one request, as its tasks give them.
struct Results {
  server_response_reader reader;
  task_response_type shape;
  std::function<bool()> gone;
  std::shared_ptr<void> keep;
  std::string first; // event, already there when the stream begins

  // The next piece of a stream; false with the last.
  bool next(std::string &piece) {
    if (!first.empty()) {
      piece += std::exchange(first, "");
      return true;
    }
    if (!reader.has_next()) {
      piece += shape == TASK_RESPONSE_TYPE_OAI_CHAT ? "data: [DONE]\n\n" : "";
      return false;
    }
    try {
      const auto result = reader.next(gone);
      if (result == nullptr) {
        return false;
      }
      const auto json = result->to_json();
      if (!result->is_error()) {
        piece += event_of(shape, json);
        return true;
      }
      piece += shape == TASK_RESPONSE_TYPE_ANTHROPIC
                   ? format_anthropic_sse(common_json{{"event", "error"}, {"data", json}})
                   : format_oai_sse(common_json{{"error", json}});
    } catch (const std::exception &failed) { // the answer does not parse as its form has it
      piece += format_oai_sse(common_json{{"error", format_error_response(failed.what(), ERROR_TYPE_SERVER)}});
    }
    return false;
  }
};

Response whole_answer(Results &results) {
  auto all = results.reader.wait_for_all(results.gone);
  if (all.is_terminated) {
    return nobody_waits();
  }
  if (all.error) {
    return error_of(*all.error);
  }
  auto answer = all.results.at(0)->to_json();
  for (std::size_t i = 1; i < all.results.size(); ++i) { // n > 1: choices of one answer
    answer["choices"].push_back(all.results[i]->to_json().at("choices").at(0));
  }
  Response response;
  response.body = answer.dump_safe();
  return response;
}

Response streamed_answer(std::shared_ptr<Results> results) {
  const auto first = results->reader.next(results->gone);
  if (first == nullptr) {
    return nobody_waits();
  }
  if (first->is_error()) {
    return error_of(*first);
  }
  if (const auto json = first->to_json(); !json.is_null()) {
    results->first = event_of(results->shape, json);
  }
  Response response;
  response.content_type = "text/event-stream";
  response.next = [results = std::move(results)](std::string &piece) { return results->next(piece); };
  return response;
}

} // namespace

common_json as_chat(task_response_type shape, const std::string &body) {
  auto json = common_json::parse(body);
  switch (shape) {
  case TASK_RESPONSE_TYPE_ANTHROPIC:
    return server_chat_convert_anthropic_to_oai(json);
  case TASK_RESPONSE_TYPE_OAI_RESP:
    return server_chat_convert_responses_to_chatcmpl(json);
  default:
    return json;
  }
}

bool may_call_tools(const common_json &chat) {
  return chat.contains("tools") && chat.at("tools").is_array() && !chat.at("tools").empty() &&
         json_value(chat, "tool_choice", std::string("auto")) != "none";
}

ToolChat::ToolChat(server_context &context, const common_params &params)
    : context_(context), params_(params), meta_(context.get_meta()),
      vocab_(llama_model_get_vocab(llama_get_model(context.get_llama_context()))),
      form_(meta_.chat_params, meta_.chat_template_caps.at("supports_tools")) {}

std::vector<server_task> ToolChat::tasks_of(const common_json &parameters, std::vector<raw_buffer> files,
                                            task_response_type shape, server_response_reader &reader) const {
  server_task task(SERVER_TASK_TYPE_COMPLETION);
  task.id = reader.get_new_id();
  const auto prompt = parameters.at("prompt").get<std::string>();
  if (meta_.has_mtmd) { // the core cuts it where its projector is
    task.cli = true;
    task.cli_prompt = prompt;
    task.cli_files = std::move(files);
  } else {
    task.tokens = tokenize_input_subprompt(vocab_, nullptr, prompt, true, true, {});
  }
  task.params = server_schema::eval_llama_cmpl_schema(vocab_, params_, meta_.logit_bias_eog, parameters);
  task.params.res_type = shape;
  task.params.oaicompat_cmpl_id = gen_chatcmplid();
  task.params.oaicompat_model = meta_.model_name;
  for (int child = 1; child < task.params.n_cmpl; ++child) {
    task.add_child(task.id, reader.get_new_id());
  }
  std::vector<server_task> tasks;
  tasks.push_back(std::move(task));
  return tasks;
}

Response ToolChat::ask(task_response_type shape, common_json chat, const std::function<bool()> &gone,
                       const std::shared_ptr<void> &keep) const {
  std::vector<raw_buffer> files;
  form_.describe_tools(chat);
  const auto parameters = form_.made_of(std::move(chat), meta_.chat_params, files);
  auto results = std::make_shared<Results>(Results{context_.get_response_reader(), shape, gone, keep, ""});
  results->reader.post_tasks(tasks_of(parameters, std::move(files), shape, results->reader));
  return json_value(parameters, "stream", false) ? streamed_answer(results) : whole_answer(*results);
}

} // namespace yanxing::server
