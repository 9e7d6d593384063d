#include "llm/quantize.h"

#include "base/log.h"

#include <llama.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>

namespace yanxing::llm {
namespace {

struct Type {
  const char *name;
  llama_ftype ftype;
};
// Types that need an importance matrix are left out.
constexpr std::array<Type, 15> kTypes = {{{"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},
                                          {"q3_k_s", LLAMA_FTYPE_MOSTLY_Q3_K_S},
                                          {"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M},
                                          {"q3_k_l", LLAMA_FTYPE_MOSTLY_Q3_K_L},
                                          {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS},
                                          {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL},
                                          {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
                                          {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
                                          {"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S},
                                          {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M},
                                          {"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S},
                                          {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M},
                                          {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
                                          {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},
                                          {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0}}};

// llama.cpp tells how far it is, and what went wrong, in its log alone: "[  12/ 290] blk.1.ffn_up.weight …".
struct Listener {
  const std::function<void(double)> &progress;
  std::string error;
};

void listen(ggml_log_level level, const char *text, void *user) {
  auto &listener = *static_cast<Listener *>(user);
  int done = 0;
  int all = 0;
  if (std::sscanf(text, "[%d/%d]", &done, &all) == 2 && all > 0 && listener.progress) {
    listener.progress(static_cast<double>(done) / all);
  } else if (level == GGML_LOG_LEVEL_ERROR) {
    listener.error = text;
    while (!listener.error.empty() && listener.error.back() == '\n') {
      listener.error.pop_back();
    }
    log_debug(listener.error);
  }
}

// Gives the log back to whoever had it.
class LogTaken {
public:
  explicit LogTaken(Listener &listener) {
    llama_log_get(&before_, &before_user_);
    llama_log_set(listen, &listener);
  }
  ~LogTaken() { llama_log_set(before_, before_user_); }
  LogTaken(const LogTaken &) = delete;
  LogTaken &operator=(const LogTaken &) = delete;

private:
  ggml_log_callback before_ = nullptr;
  void *before_user_ = nullptr;
};

} // namespace

std::vector<std::string> quantized_types() {
  std::vector<std::string> names;
  for (const auto &type : kTypes) {
    names.emplace_back(type.name);
  }
  return names;
}

Status quantize_gguf(const std::filesystem::path &from, const std::filesystem::path &out, const std::string &type,
                     int threads, const std::function<void(double)> &progress) {
  const auto *found = std::find_if(kTypes.begin(), kTypes.end(), [&](const Type &t) { return type == t.name; });
  if (found == kTypes.end()) {
    std::string names;
    for (const auto &name : quantized_types()) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return Error{"there is no quantized type '" + type + "'", "Types are: " + names};
  }
  static std::mutex one_at_a_time; // the log is the process's
  const std::lock_guard lock(one_at_a_time);
  auto settings = llama_model_quantize_default_params();
  settings.ftype = found->ftype;
  settings.nthread = threads;
  Listener listener{progress, ""};
  const LogTaken taken(listener);
  if (llama_model_quantize(from.c_str(), out.c_str(), &settings) != 0) {
    std::error_code ignored;
    std::filesystem::remove(out, ignored);
    return Error{"llama.cpp could not quantize the model to " + type +
                     (listener.error.empty() ? std::string() : ": " + listener.error),
                 "Check the free disk space, or choose another type"};
  }
  return {};
}

} // namespace yanxing::llm
