#include "server/language_model.h"

#include "base/log.h"
#include "llm/packed_weights.h"
#include "server/errors.h"
#include "server/tool_chat.h"

#include <server-context.h>
#include <server-http.h>

#include <chat.h>
#include <common.h>
#include <llama.h>
#include <log.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

namespace yanxing::server {
namespace {

void forward_log(ggml_log_level level, const char *text, void * /*unused*/) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    std::string_view line(text);
    while (!line.empty() && line.back() == '\n') {
      line.remove_suffix(1);
    }
    log_debug(line);
  }
}

void start_backend_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    common_log_set_verbosity_thold(LOG_LEVEL_OUTPUT); // what it would say in its own form is answered to the client
    llama_log_set(forward_log, nullptr);
    llama_backend_init();
    llm::offer_packed_weights();
  });
}

Status check_file(const std::filesystem::path &file) {
  std::array<char, 4> magic{};
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{"model file " + file.string() + " does not exist", "Run 'yanxing pull' or check the path"};
  }
  in.read(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != "GGUF") {
    return Error{file.string() + " is not a GGUF file", "Give a .gguf file, or run 'yanxing pull' to fetch it again"};
  }
  return {};
}

common_params parameters_for(const LanguageModelSettings &settings) {
  common_params params;
  params.model.path = settings.weights.string();
  params.model_alias = {settings.name};
  params.mmproj.path = settings.projector.string();
  params.n_parallel = settings.slots;
  params.n_ctx = settings.context_tokens;
  params.kv_unified = true;
  params.n_batch = settings.chunk_tokens;
  params.n_ubatch = settings.chunk_tokens;
  params.cpuparams.n_threads = settings.threads;
  params.cpuparams_batch.n_threads = settings.threads;
  params.cache_ram_mib = settings.cache_mib;
  params.cache_idle_slots = settings.cache_mib > 0;
  params.fit_params = false; // the context is as wished, or it is an error
  params.endpoint_metrics = true;
  params.verbosity = LOG_LEVEL_OUTPUT;
  params.lora_init_without_apply = true; // requests name theirs
  for (const auto &adapter : settings.adapters) {
    common_adapter_lora_info info;
    info.path = adapter.file.string();
    info.scale = 0;
    info.ptr = nullptr;
    params.lora_adapters.push_back(info);
  }
  if (settings.embeddings) {
    params.embedding = true;
    params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
    params.cache_ram_mib = 0;
    params.cache_idle_slots = false;
  }
  return params;
}

// The error of llama.cpp's server in OpenAI's shape.
Response error_of(const server_http_res &result) {
  const auto json = parse_json(result.data, "answer");
  if (!json || !json->contains("error")) {
    return error_response(result.status, result.data);
  }
  const auto &error = (*json)["error"];
  const bool too_long = string_or_empty(error, "type") == "exceed_context_size_error";
  return error_response(result.status, string_or_empty(error, "message"), too_long ? "context_length_exceeded" : "");
}

// A request on its way: the result refers to the request, and both to the model.
struct Call {
  std::shared_ptr<LanguageModel> model;
  std::function<bool()> gone;
  server_http_req request;
  server_http_res_ptr result; // destroyed first, which cancels what is still being computed

  Call(std::shared_ptr<LanguageModel> asked, std::function<bool()> nobody_waits, const std::string &body)
      : model(std::move(asked)), gone(std::move(nobody_waits)), request{{}, {}, "", "", body, {}, gone} {}
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;
  ~Call() { result.reset(); }
};

std::optional<task_response_type> shape_of(LanguageModel::Task task) {
  switch (task) {
  case LanguageModel::Task::kChat:
    return TASK_RESPONSE_TYPE_OAI_CHAT;
  case LanguageModel::Task::kResponses:
    return TASK_RESPONSE_TYPE_OAI_RESP;
  case LanguageModel::Task::kMessages:
    return TASK_RESPONSE_TYPE_ANTHROPIC;
  default:
    return std::nullopt;
  }
}

} // namespace

struct LanguageModel::Impl {
  LanguageModelSettings settings;
  Facts facts;
  common_params params;
  server_context context;
  std::unique_ptr<server_routes> routes;
  std::unique_ptr<ToolChat> tool_chat;
  std::thread loop;

  [[nodiscard]] const server_http_context::handler_t &handler(Task task) const {
    switch (task) {
    case Task::kChat:
      return routes->post_chat_completions;
    case Task::kCompletion:
      return routes->post_completions_oai;
    case Task::kResponses:
      return routes->post_responses_oai;
    case Task::kMessages:
      return routes->post_anthropic_messages;
    case Task::kCountMessages:
      return routes->post_anthropic_count_tokens;
    case Task::kEmbeddings:
      return routes->post_embeddings_oai;
    case Task::kTokenize:
      return routes->post_tokenize;
    case Task::kDetokenize:
      return routes->post_detokenize;
    case Task::kTemplate:
      return routes->post_apply_template;
    case Task::kMetrics:
      break;
    }
    return routes->get_metrics;
  }
};

LanguageModel::LanguageModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LanguageModel::~LanguageModel() {
  impl_->context.terminate();
  impl_->loop.join();
}

Result<std::shared_ptr<LanguageModel>> LanguageModel::load(const LanguageModelSettings &settings) {
  std::vector<std::filesystem::path> files{settings.weights};
  if (!settings.projector.empty()) {
    files.push_back(settings.projector);
  }
  for (const auto &adapter : settings.adapters) {
    files.push_back(adapter.file);
  }
  for (const auto &file : files) {
    if (auto usable = check_file(file); !usable) {
      return usable.error();
    }
  }
  start_backend_once();
  auto impl = std::make_unique<Impl>();
  impl->settings = settings;
  impl->params = parameters_for(settings);
  impl->routes = std::make_unique<server_routes>(impl->params, impl->context);
  bool loaded = false;
  try {
    loaded = impl->context.load_model(impl->params);
  } catch (const std::exception &fatal) {
    return Error{settings.weights.string() + " could not be loaded: " + fatal.what(), ""};
  }
  if (!loaded) {
    const bool plain = settings.adapters.empty() && settings.projector.empty();
    return Error{settings.weights.string() + " could not be loaded: it is damaged or of an unknown kind, or there is " +
                     "not enough memory" + (plain ? "" : ", or its adapters or its projector are of another model"),
                 "Run 'yanxing pull' to fetch it again, or use a smaller --context"};
  }
  impl->routes->update_meta(impl->context);
  impl->tool_chat = std::make_unique<ToolChat>(impl->context, impl->params);
  const auto meta = impl->context.get_meta();
  impl->facts = {meta.has_inp_image,        meta.has_inp_audio,  meta.slot_n_ctx,
                 meta.model_vocab_n_tokens, meta.model_n_params, meta.model_size};
  impl->loop = std::thread([context = &impl->context] { context->start_loop(); });
  auto model = std::shared_ptr<LanguageModel>(new LanguageModel(std::move(impl)));
  (void)model->ask(Task::kMetrics, "", [] { return false; }); // the loop turns: from now on it can be told to end
  return model;
}

Response LanguageModel::ask(Task task, const std::string &body, const std::function<bool()> &gone) {
  auto call = std::make_shared<Call>(shared_from_this(), gone, body);
  try {
    if (const auto shape = shape_of(task)) {
      auto chat = as_chat(*shape, body);
      if (may_call_tools(chat)) {
        return impl_->tool_chat->ask(*shape, std::move(chat), call->gone, call);
      }
    }
    call->result = impl_->handler(task)(call->request);
  } catch (const std::invalid_argument &wrong) {
    return error_response(400, wrong.what());
  } catch (const common_json_error &wrong) {
    return error_response(400, wrong.what());
  } catch (const std::exception &failed) { // templates and schemas throw what they like about the request
    return error_response(400, failed.what());
  }
  if (call->result->status >= 400) {
    return error_of(*call->result);
  }
  if (call->result->data.empty() && !call->result->is_stream()) {
    return error_response(408, "the request took too long, or the client has gone", "timeout");
  }
  Response response;
  response.status = call->result->status;
  response.content_type = call->result->content_type;
  if (call->result->is_stream()) {
    response.next = [call](std::string &piece) { return call->result->next(piece); };
  } else {
    response.body = std::move(call->result->data);
  }
  return response;
}

const LanguageModel::Facts &LanguageModel::facts() const { return impl_->facts; }
const LanguageModelSettings &LanguageModel::settings() const { return impl_->settings; }

int LanguageModel::adapter(const std::string &name) const {
  const auto &adapters = impl_->settings.adapters;
  const auto found = std::find_if(adapters.begin(), adapters.end(), [&](const auto &one) { return one.name == name; });
  return found == adapters.end() ? -1 : static_cast<int>(found - adapters.begin());
}

} // namespace yanxing::server
