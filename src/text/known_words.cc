#include "text/known_words.h"

namespace yanxing::text {

std::vector<KnownWord> known_words(const std::vector<ActionSpec> &actions, const Screen *screen,
                                   const std::vector<Contact> *contacts) {
  std::vector<KnownWord> words;
  if (contacts != nullptr) {
    for (const auto &contact : *contacts) {
      words.push_back({contact.name, 2});
      for (const auto &alias : contact.aliases) {
        words.push_back({alias, 2});
      }
    }
  }
  constexpr std::size_t kLongestLabelBytes = 36;
  if (screen != nullptr) {
    for (const auto &element : screen->elements) {
      if (!element.name.empty() && element.name.size() <= kLongestLabelBytes) {
        words.push_back({element.name, 1});
      }
    }
  }
  for (const auto &spec : actions) {
    for (const auto &parameter : spec.parameters) {
      for (const auto &choice : parameter.choices) {
        if (choice.is_string()) {
          words.push_back({choice.get<std::string>(), 1});
        }
      }
    }
  }
  return words;
}

} // namespace yanxing::text
