// "Send this table to Manager Li": what the target shows becomes an attachment, and the mail goes to the contact's
// address.
#include "action/executor.h"
#include "action/mail.h"
#include "action/picture_file.h"
#include "action/policy.h"
#include "action/timers.h"
#include "action/workbook.h"
#include "base/log.h"
#include "text/utf8.h"

#include <algorithm>

namespace yanxing::action {
namespace {

constexpr std::size_t kMostCells = 200000;

struct Content {
  Attachment attachment;
  std::string summary; // "7 rows × 5 columns"
};

// Invisible characters that turn the reading direction: with them a name can pose as another kind of file.
bool turns_direction(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

// "预算表.xlsx — LibreOffice Calc" → "预算表": a name for the file, without what a file name may not hold.
std::string base_name(const Element &element, const Screen &screen) {
  auto name = element.name.empty() ? screen.title : element.name;
  for (const auto *end : {" — ", " - ", ".xlsx", ".xls", ".ods", ".csv", ".docx", ".odt"}) {
    name = name.substr(0, name.find(end));
  }
  constexpr std::size_t kLongest = 60;
  std::u32string clean;
  for (const char32_t c : text::to_code_points(name)) {
    if (clean.size() < kLongest && c >= 0x20 && c != 0x7F && !turns_direction(c)) {
      clean += std::u32string_view(U"/\\:*?\"<>|").find(c) == std::u32string_view::npos ? c : U'_';
    }
  }
  const auto first = clean.find_first_not_of(U". ");
  const auto last = clean.find_last_not_of(U". ");
  return first == std::u32string::npos ? "yanxing"
                                       : text::to_utf8(std::u32string_view(clean).substr(first, last - first + 1));
}

Result<os::CellGrid> cells_of(const Element &table, const Hands &hands) {
  if (hands.widgets != nullptr && hands.accessibility != nullptr) {
    if (const auto widget = hands.widgets->find(table.id); widget != hands.widgets->end()) {
      if (auto cells = hands.accessibility->cells(widget->second, kMostCells);
          cells || hands.grids == nullptr || !hands.grids->contains(table.id)) {
        return cells;
      }
    }
  }
  if (hands.grids != nullptr) {
    if (const auto grid = hands.grids->find(table.id); grid != hands.grids->end()) {
      return grid->second;
    }
  }
  return Error{"the cells of " + table.id + " cannot be read from this screen",
               "Look at the live desktop or at a picture"};
}

Result<Content> table_content(const Element &table, const Hands &hands) {
  const auto cells = cells_of(table, hands);
  if (!cells) {
    return cells.error();
  }
  if (cells->empty()) {
    return Error{"the table is empty", "Fill in something first"};
  }
  const auto name = base_name(table, *hands.screen);
  auto bytes = workbook_bytes(*cells, name);
  if (!bytes) {
    return bytes.error();
  }
  return Content{
      {name + ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", std::move(*bytes)},
      std::to_string(cells->size()) + " rows × " + std::to_string(cells->front().size()) + " columns"};
}

Result<Content> text_content(const Element &element, const Hands &hands) {
  auto text = element.text;
  if (element.kind == "selection" && hands.accessibility != nullptr) {
    auto selected = hands.accessibility->selected_text();
    if (!selected) {
      return selected.error();
    }
    text = std::move(*selected);
  }
  return Content{{base_name(element, *hands.screen) + ".txt", "text/plain; charset=utf-8", text},
                 std::to_string(text.size()) + " bytes of text"};
}

Result<Content> picture_content(const Element &element, const Hands &hands) {
  if (hands.picture == nullptr || hands.picture->empty()) {
    return Error{"there is no picture of the screen to take it from", "Look at the live desktop or at a picture"};
  }
  const auto part = element.box.empty() ? *hands.picture : cropped(*hands.picture, element.box);
  if (part.empty()) {
    return Error{"the element lies outside the picture", ""};
  }
  return Content{{base_name(element, *hands.screen) + ".png", "image/png", png_bytes(part)},
                 std::to_string(part.width) + " × " + std::to_string(part.height) + " pixels"};
}

Result<Content> content_of(const Element &element, const Hands &hands) {
  if (element.kind == "table") {
    return table_content(element, hands);
  }
  // A shortened text is not the document: then its picture is what can be sent.
  const bool whole = !element.text.empty() && !element.text.ends_with("…");
  const bool is_text =
      element.kind == "selection" || ((element.kind == "document" || element.kind == "field") && whole);
  return is_text ? text_content(element, hands) : picture_content(element, hands);
}

class Share final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "builtin:share"; }

  Outcome execute(const ActionSpec & /*spec*/, const Action &action, Hands &hands) override {
    if (hands.screen == nullptr || hands.contacts == nullptr || hands.settings == nullptr) {
      return failed(hands, "there is no screen to share from", "这里没有屏幕。", "There is no screen here.");
    }
    const auto *element = hands.screen->find(string_or_empty(action.arguments, "target"));
    if (element == nullptr) {
      return failed(hands, "the target is not on the screen", "屏幕上没有找到它。", "I can't find that on the screen.");
    }
    const auto people = match_contacts(string_or_empty(action.arguments, "recipient"), *hands.contacts);
    if (people.size() != 1 || people.front().email.empty()) {
      return failed(hands, "the recipient has no mail address", "我没有这个人的邮箱地址。",
                    "I have no mail address for that person.");
    }
    const auto content = content_of(*element, hands);
    if (!content) {
      return failed(hands, content.error().message(), "没有取到内容：" + content.error().what,
                    "I couldn't get its content: " + content.error().what);
    }
    const auto &person = people.front();
    const bool zh = hands.language == Language::kChinese;
    Letter letter{person.email, person.name, content->attachment.name,
                  zh ? person.name + "，您好：\n\n附件是" + content->attachment.name + "。\n"
                     : "Hello " + person.name + ",\n\n" + content->attachment.name + " is attached.\n",
                  content->attachment};
    const auto posted = post(letter, *hands.settings, hands.state);
    if (!posted) {
      return failed(hands, posted.error().message(), "没有发出去：" + posted.error().what,
                    "It was not sent: " + posted.error().what);
    }
    if (posted->delivery == Delivery::kSent) {
      flush_queue(*hands.settings, hands.state); // the server is there: what waited can go too
    } else if (posted->delivery == Delivery::kQueued) {
      if (const auto keeper = ensure_ringer(hands.state); !keeper) {
        log_info("the mail waits for the next start: " + keeper.error().message());
      }
    }
    return outcome_of(*posted, *content, person, zh);
  }

  // What is still here can be taken back; what a server has taken cannot.
  Outcome undo(const Json &data, Hands &hands) override {
    const bool zh = hands.language == Language::kChinese;
    const auto file = string_or_empty(data, "file");
    const auto withdrawn =
        file.empty() ? Status(Error{"the mail has been delivered", ""}) : withdraw(file, hands.state);
    if (!withdrawn) {
      return failed(hands, withdrawn.error().message(), "邮件已经发出，不能撤回。",
                    "The mail is already out and can't be taken back.");
    }
    return {OutcomeStatus::kDone, "withdrawn: " + std::filesystem::path(file).filename().string(),
            zh ? "已经撤回，没有发出。" : "Withdrawn before it was sent.", nullptr};
  }

private:
  static Outcome outcome_of(const Posted &posted, const Content &content, const Contact &person, bool zh) {
    const auto what =
        content.attachment.name + " (" + content.summary + ") to " + person.name + " <" + person.email + ">";
    const Json undo = {{"file", posted.delivery == Delivery::kSent ? "" : posted.file.string()}};
    switch (posted.delivery) {
    case Delivery::kSent:
      return {OutcomeStatus::kDone, "mailed " + what, "", undo};
    case Delivery::kOutbox:
      return {OutcomeStatus::kDone, "no mail server is set: put " + what + " into " + posted.file.string(), "", undo};
    case Delivery::kQueued:
      break;
    }
    return {OutcomeStatus::kQueued, "queued " + what + ": " + posted.problem,
            zh ? "邮件服务器连不上，我会稍后再发给" + person.name + "。"
               : "The mail server is away; I'll send it to " + person.name + " later.",
            undo};
  }
};

} // namespace

std::unique_ptr<Executor> make_share_executor() { return std::make_unique<Share>(); }

} // namespace yanxing::action
