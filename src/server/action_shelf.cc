#include "server/action_shelf.h"

#include "action/overlay.h"
#include "base/files.h"
#include "base/log.h"

#include <algorithm>

namespace yanxing::server {
namespace {

namespace fs = std::filesystem;

const char *word_of(Risk risk) {
  return risk == Risk::kSafe ? "safe" : risk == Risk::kConfirm ? "confirm" : "forbidden";
}

// It becomes a file's name, so only letters that mean nothing to a file system.
bool is_file_name(const std::string &name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

} // namespace

Result<action::Registry> ActionShelf::read_own() const {
  std::error_code code;
  if (!fs::is_directory(own_, code) || fs::is_empty(own_, code)) {
    return action::Registry();
  }
  return action::Registry::load(own_);
}

void ActionShelf::read() {
  if (now_) {
    return;
  }
  auto own = read_own();
  if (!own) {
    log_warning(own.error().message());
    own = action::Registry();
  }
  auto both = action::overlaid(base_, *own);
  if (!both) {
    log_warning(both.error().message());
  }
  now_ = std::make_shared<const action::Registry>(both ? std::move(*both) : base_);
  own_now_ = std::move(*own);
}

std::shared_ptr<const action::Registry> ActionShelf::registry() {
  const std::lock_guard lock(mutex_);
  read();
  return now_;
}

Json ActionShelf::list() {
  const std::lock_guard lock(mutex_);
  read();
  Json all = Json::array();
  for (const auto &spec : now_->actions()) {
    const auto *own = own_now_.find(spec.name);
    const auto *filed = own == nullptr ? base_.find(spec.name) : own;
    Json parameters = Json::array();
    for (const auto &parameter : spec.parameters) {
      parameters.push_back({{"name", parameter.name},
                            {"type", parameter.type},
                            {"required", parameter.required},
                            {"choices", parameter.choices},
                            {"schema", parameter.schema}});
    }
    all.push_back({{"name", spec.name},
                   {"description",
                    {{"zh", spec.description.in(Language::kChinese)}, {"en", spec.description.in(Language::kEnglish)}}},
                   {"risk", word_of(spec.risk)},
                   {"parameters", parameters},
                   {"run", spec.run.is_object() && !spec.run.empty() ? spec.run.begin().key() : ""},
                   {"own", own != nullptr},
                   {"json", filed == nullptr ? Json() : action::json_of(*filed)}});
  }
  return all;
}

Status ActionShelf::save(const Json &action) {
  const auto checked = action::Registry::from_json(action, "the action");
  if (!checked) {
    return checked.error();
  }
  if (action.is_array() || checked->actions().size() != 1) {
    return Error{"this must be one action, a JSON object", ""};
  }
  const auto name = checked->actions().front().name;
  if (!is_file_name(name)) {
    return Error{"the name must be letters a to z, digits, - and _, at most 64", ""};
  }
  if (own_.empty()) {
    return Error{"this server's actions come from one file, which is not edited here",
                 "Start it with --actions FOLDER"};
  }
  const std::lock_guard lock(mutex_);
  read();
  const auto *known = own_now_.find(name);
  const auto source = known == nullptr ? fs::path() : fs::path(known->source);
  if (known != nullptr && source != file_of(name)) {
    return Error{"\"" + name + "\" is in " + source.string() + ", which holds others or has another name",
                 "Edit that file"};
  }
  auto written = write_file(file_of(name), action.dump(2) + "\n");
  now_.reset();
  return written;
}

Status ActionShelf::remove(const std::string &name) {
  std::error_code code;
  if (!is_file_name(name)) {
    return Error{"there is no action of that name", ""};
  }
  const std::lock_guard lock(mutex_);
  if (!fs::remove(file_of(name), code)) {
    return Error{"\"" + name + "\" is no action of your own", "Those that came with yanxing stay"};
  }
  now_.reset();
  return {};
}

} // namespace yanxing::server
