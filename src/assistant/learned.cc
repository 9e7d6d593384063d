#include "assistant/learned.h"

#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "llm/engine.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace yanxing::assistant {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKept = 4;

std::string now() {
  const auto time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::int64_t number_of(const Json &adapter) { return adapter.value("number", std::int64_t{0}); }

// What was trained for this model and comes with yanxing; empty where nothing was.
fs::path own_adapter(const std::string &model) {
  auto file = share_folder() / "assets" / "adapters" / (model + ".gguf");
  std::error_code error;
  return fs::exists(file, error) ? file : fs::path();
}

} // namespace

Result<Learned> Learned::of(const fs::path &weights) {
  auto folder = state_folder() / "learned" / llm::fingerprint_of(weights);
  Json state{{"in_use", 0}, {"adapters", Json::array()}};
  std::error_code error;
  if (const auto file = folder / "learned.json"; fs::exists(file, error)) {
    auto read = read_json_file(file);
    if (!read) {
      return read.error();
    }
    const bool good =
        read->is_object() && read->contains("in_use") && (*read)["in_use"].is_number_integer() &&
        read->contains("adapters") && (*read)["adapters"].is_array() &&
        std::all_of((*read)["adapters"].begin(), (*read)["adapters"].end(), [](const Json &adapter) {
          return adapter.is_object() && adapter.contains("number") && adapter["number"].is_number_integer();
        });
    if (!good) {
      return Error{file.string() + " is not in the form that 'yanxing learn' writes", "Move it away"};
    }
    state = std::move(*read);
  }
  return Learned(std::move(folder), std::move(state));
}

fs::path Learned::file_of(std::int64_t number) const { return folder_ / (std::to_string(number) + ".gguf"); }

fs::path Learned::in_use() const {
  const auto number = state_["in_use"].get<std::int64_t>();
  std::error_code error;
  auto file = file_of(number);
  return number > 0 && fs::exists(file, error) ? file : fs::path();
}

Json Learned::list() const {
  auto adapters = state_["adapters"];
  for (auto &adapter : adapters) {
    if (adapter["number"] == state_["in_use"]) {
      adapter["in_use"] = true;
    }
  }
  return adapters;
}

Status Learned::save() const { return write_file(folder_ / "learned.json", state_.dump(2) + "\n"); }

Status Learned::take(const fs::path &adapter, const Json &record) {
  std::int64_t number = 1;
  for (const auto &known : state_["adapters"]) {
    number = std::max(number, number_of(known) + 1);
  }
  const auto bytes = read_file(adapter);
  if (!bytes) {
    return bytes.error();
  }
  if (auto written = write_file(file_of(number), *bytes, 0600); !written) {
    return written;
  }
  auto before = state_;
  Json entry{{"number", number}, {"at", now()}};
  entry.update(record);
  auto &adapters = state_["adapters"];
  adapters.push_back(std::move(entry));
  state_["in_use"] = number;
  std::vector<fs::path> dropped;
  while (adapters.size() > kKept) {
    dropped.push_back(file_of(number_of(adapters.front())));
    adapters.erase(adapters.begin());
  }
  if (auto saved = save(); !saved) {
    state_ = std::move(before);
    return saved;
  }
  std::error_code error;
  for (const auto &file : dropped) {
    fs::remove(file, error);
  }
  return {};
}

Result<std::int64_t> Learned::roll_back() {
  const auto current = state_["in_use"].get<std::int64_t>();
  if (current == 0) {
    return Error{"nothing that was learned here is in use", "See 'yanxing learn --list'"};
  }
  std::int64_t earlier = 0;
  for (const auto &adapter : state_["adapters"]) {
    const auto number = number_of(adapter);
    earlier = number < current ? std::max(earlier, number) : earlier;
  }
  state_["in_use"] = earlier;
  if (auto saved = save(); !saved) {
    state_["in_use"] = current;
    return saved.error();
  }
  return earlier;
}

fs::path adapter_for(const std::string &model, const fs::path &weights) {
  const auto learned = Learned::of(weights);
  if (!learned) {
    log_warning(learned.error().message());
  }
  const auto own = learned ? learned->in_use() : fs::path();
  return own.empty() ? own_adapter(model) : own;
}

} // namespace yanxing::assistant
