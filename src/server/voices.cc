#include "server/voices.h"

#include "base/shapes.h"

#include <map>
#include <utility>

namespace yanxing::server {

std::string voice_of(const std::string &asked, const std::string &text) {
  static const std::map<std::string, std::pair<std::string, std::string>> kVoices{
      {"alloy", {"zf_xiaoxiao", "af_heart"}},  {"ash", {"zm_yunjian", "am_adam"}},
      {"ballad", {"zm_yunxi", "am_michael"}},  {"coral", {"zf_xiaoyi", "af_bella"}},
      {"echo", {"zm_yunjian", "am_michael"}},  {"fable", {"zm_yunxi", "am_adam"}},
      {"nova", {"zf_xiaoyi", "af_bella"}},     {"onyx", {"zm_yunyang", "am_adam"}},
      {"sage", {"zf_xiaobei", "af_sarah"}},    {"shimmer", {"zf_xiaoni", "af_sarah"}},
      {"verse", {"zm_yunyang", "am_michael"}}, {"marin", {"zf_xiaoxiao", "af_heart"}},
      {"cedar", {"zm_yunyang", "am_adam"}}};
  const auto known = kVoices.find(asked);
  if (known == kVoices.end()) {
    return asked;
  }
  return language_of(text) == Language::kChinese ? known->second.first : known->second.second;
}

} // namespace yanxing::server
