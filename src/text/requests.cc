#include "text/requests.h"

#include "text/evidence.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace yanxing::text {
namespace {

struct Joint {
  std::string_view text;
  bool strong; // parts requests whatever follows
};

// Longer joints first: "and then" before "and".
constexpr std::array kJoints{
    Joint{"，然后再", true},   Joint{"，然后", true},  Joint{"然后再", true},      Joint{"，接着", true},
    Joint{"，再", true},       Joint{"然后", true},    Joint{"接着", true},        Joint{"，并且", true},
    Joint{"并且", true},       Joint{"，并", true},    Joint{"，同时", true},      Joint{", and then ", true},
    Joint{" and then ", true}, Joint{", then ", true}, Joint{" then ", true},      Joint{"; ", true},
    Joint{"；", true},         Joint{", and ", false}, Joint{" and also ", false}, Joint{" and ", false},
    Joint{", ", false},        Joint{"，", false},     Joint{"并", false},         Joint{"再", false}};

const std::set<std::string, std::less<>> &common_verbs() {
  static const std::set<std::string, std::less<>> kVerbs{
      "turn",  "set",  "open",   "clos",  "play",   "stop",    "start",   "send",  "shar",    "mail",  "email",
      "call",  "mak",  "dim",    "lock",  "unlock", "switch",  "put",     "add",   "remov",   "delet", "show",
      "tel",   "find", "search", "rais",  "lower",  "increas", "decreas", "mut",   "paus",    "resum", "tak",
      "click", "pres", "typ",    "scrol", "remind", "cancel",  "book",    "order", "brighten"};
  return kVerbs;
}

constexpr std::array<std::string_view, 36> kChineseVerbs{
    "把", "将",   "打开", "关",   "开",   "调",   "设",   "发",   "播放", "停",   "放",   "点",
    "按", "输入", "截",   "提醒", "撤销", "告诉", "给",   "拉",   "启动", "取消", "静音", "搜索",
    "查", "保存", "打印", "删除", "滚动", "复制", "粘贴", "分享", "叫",   "切换", "帮",   "换"};

bool is_verb(const std::string &stemmed, const std::vector<ActionSpec> &actions) {
  return common_verbs().contains(stemmed) || std::any_of(actions.begin(), actions.end(), [&](const ActionSpec &spec) {
           const auto own = words_of(fold(spec.description.en));
           return !own.empty() && own.front().stem == stemmed;
         });
}

bool starts_like_request(const std::string &rest, const std::vector<ActionSpec> &actions) {
  if (std::any_of(kChineseVerbs.begin(), kChineseVerbs.end(),
                  [&](std::string_view verb) { return rest.starts_with(verb); })) {
    return true;
  }
  const auto words = words_of(fold(rest));
  return !words.empty() && words.front().span.begin <= 1 && is_verb(words.front().stem, actions);
}

// "Before I forget", 嗯: what comes before a request without being one has no verb of requests.
bool has_request(const std::string &part, const std::vector<ActionSpec> &actions) {
  if (std::any_of(kChineseVerbs.begin(), kChineseVerbs.end(),
                  [&](std::string_view verb) { return part.find(verb) != std::string::npos; })) {
    return true;
  }
  const auto words = words_of(fold(part));
  return std::any_of(words.begin(), words.end(), [&](const Word &word) { return is_verb(word.stem, actions); });
}

// Position and joint at which `text` parts into two requests; npos where it does not.
std::pair<std::size_t, const Joint *> first_joint(const std::string &text, const std::vector<ActionSpec> &actions) {
  std::pair<std::size_t, const Joint *> best{std::string::npos, nullptr};
  for (const auto &joint : kJoints) {
    for (auto at = text.find(joint.text, 1); at != std::string::npos; at = text.find(joint.text, at + 1)) {
      const auto rest = text.substr(at + joint.text.size());
      const bool parts =
          !rest.empty() &&
          (joint.strong || (starts_like_request(rest, actions) && has_request(text.substr(0, at), actions)));
      if (parts && at < best.first) {
        best = {at, &joint};
      }
      if (parts) {
        break;
      }
    }
  }
  return best;
}

} // namespace

std::vector<std::string> split_requests(const std::string &utterance, const std::vector<ActionSpec> &actions) {
  constexpr std::size_t kMost = 6;
  std::vector<std::string> requests;
  std::string rest = utterance;
  while (requests.size() + 1 < kMost) {
    const auto [at, joint] = first_joint(rest, actions);
    if (joint == nullptr) {
      break;
    }
    requests.push_back(rest.substr(0, at));
    rest = rest.substr(at + joint->text.size());
  }
  requests.push_back(rest);
  return requests;
}

namespace {

// Joints of a list; what they join may belong to one call.
constexpr std::array<std::string_view, 6> kListJoints{" and ", ", ", "和", "、", "，", "跟"};

// What follows a joint begins with a value of the call.
bool is_accounted_for(const std::string &folded, std::size_t behind, const std::vector<Span> &values) {
  for (const std::string_view small : {"and ", "also ", "a ", "an ", "the ", "some ", "with ", "my "}) {
    if (std::string_view(folded).substr(behind).starts_with(small)) {
      behind += small.size();
    }
  }
  return std::any_of(values.begin(), values.end(),
                     [&](const Span &value) { return value.begin <= behind && behind < value.end; });
}

} // namespace

bool may_ask_for_more(const std::string &folded, const Json &arguments) {
  static const std::vector<std::string_view> kOthers{"然后", "接着", "之后", "并且",  "同时", "再",          "并",
                                                     "then", "also", "plus", "after", "both", "respectively"};
  if (says_any(folded, kOthers) || folded.find(';') != std::string::npos) {
    return true;
  }
  std::vector<Span> values;
  for (const auto &value : arguments) {
    const auto said = value.is_string() ? find_mention(folded, value.get<std::string>()) : std::nullopt;
    if (said && said->score >= 0.8) {
      values.push_back(said->span);
    }
  }
  for (const auto joint : kListJoints) {
    for (auto at = folded.find(joint); at != std::string::npos; at = folded.find(joint, at + 1)) {
      if (!is_accounted_for(folded, at + joint.size(), values)) {
        return true;
      }
    }
  }
  return false;
}

} // namespace yanxing::text
