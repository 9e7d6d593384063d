#include "os/atspi_roles.h"

#include <atspi/atspi.h>

#include <array>
#include <memory>

namespace yanxing::os {

bool has_state(std::uint64_t states, int state) { return ((states >> state) & 1U) != 0; }

std::vector<std::string> state_words(std::uint64_t states) {
  struct Word {
    int state;
    const char *word;
  };
  static constexpr std::array<Word, 10> kWords{{{ATSPI_STATE_FOCUSED, "focused"},
                                                {ATSPI_STATE_ACTIVE, "active"},
                                                {ATSPI_STATE_SELECTED, "selected"},
                                                {ATSPI_STATE_CHECKED, "checked"},
                                                {ATSPI_STATE_PRESSED, "pressed"},
                                                {ATSPI_STATE_EXPANDED, "expanded"},
                                                {ATSPI_STATE_EDITABLE, "editable"},
                                                {ATSPI_STATE_READ_ONLY, "readonly"},
                                                {ATSPI_STATE_MODAL, "modal"},
                                                {ATSPI_STATE_BUSY, "busy"}}};
  std::vector<std::string> words;
  for (const Word &entry : kWords) {
    if (has_state(states, entry.state)) {
      words.emplace_back(entry.word);
    }
  }
  if (!has_state(states, ATSPI_STATE_SENSITIVE) && !has_state(states, ATSPI_STATE_ENABLED)) {
    words.emplace_back("disabled");
  }
  return words;
}

std::string role_name(std::uint32_t role) {
  const std::unique_ptr<char, decltype(&g_free)> name(
      role < ATSPI_ROLE_LAST_DEFINED ? atspi_role_get_name(static_cast<AtspiRole>(role)) : nullptr, g_free);
  return name ? name.get() : "unknown";
}

bool holds_text(std::uint32_t role) {
  switch (role) {
  case ATSPI_ROLE_TEXT:
  case ATSPI_ROLE_ENTRY:
  case ATSPI_ROLE_PASSWORD_TEXT: // applications give bullets, never the password
  case ATSPI_ROLE_PARAGRAPH:
  case ATSPI_ROLE_SPIN_BUTTON:
  case ATSPI_ROLE_DATE_EDITOR:
  case ATSPI_ROLE_AUTOCOMPLETE:
  case ATSPI_ROLE_EDITBAR:
  case ATSPI_ROLE_HEADING:
  case ATSPI_ROLE_LABEL:
  case ATSPI_ROLE_STATIC:
  case ATSPI_ROLE_LINK:
  case ATSPI_ROLE_TERMINAL:
  case ATSPI_ROLE_COMBO_BOX:
  case ATSPI_ROLE_DOCUMENT_TEXT:
  case ATSPI_ROLE_DOCUMENT_WEB:
  case ATSPI_ROLE_BLOCK_QUOTE:
    return true;
  default:
    return false;
  }
}

bool is_table(std::uint32_t role) { return role == ATSPI_ROLE_TABLE || role == ATSPI_ROLE_TREE_TABLE; }

} // namespace yanxing::os
