// vCard (RFC 6350, and the older 2.1 and 3.0 as address books still write them), as far as names, mail and telephone.
#include "action/registry.h"
#include "base/files.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace yanxing::action {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Lines with their foldings undone: a continuation begins with a space or tab; in 2.1 quoted-printable ends with '='.
std::vector<std::string> unfolded(const std::string &text) {
  std::vector<std::string> lines;
  bool quoted_printable = false; // the last line that is no continuation
  std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < text.size()) {
    auto end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end;
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (quoted_printable && lines.back().ends_with("=")) {
      lines.back().pop_back();
      lines.back() += line;
    } else if (!lines.empty() && (line.starts_with(" ") || line.starts_with("\t"))) {
      lines.back() += line.substr(1);
    } else {
      quoted_printable = upper(line.substr(0, line.find(':'))).find("QUOTED-PRINTABLE") != std::string::npos;
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

int hex(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

std::string from_quoted_printable(const std::string &text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string unescaped(const std::string &text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      c = text[++i] == 'n' || text[i] == 'N' ? ' ' : text[i];
    }
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      out += c; // control characters have no place in names or addresses
    }
  }
  out = text::to_utf8(text::to_code_points(out)); // whatever stands in the file, a name is valid UTF-8
  const auto first = out.find_first_not_of(' ');
  return first == std::string::npos ? "" : out.substr(first, out.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> parts_of(const std::string &text, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      parts.back() += text[i];
      parts.back() += text[++i];
    } else if (text[i] == separator) {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

bool is_han_start(const std::string &text) {
  return !text.empty() && language_of(text.substr(0, 3)) == Language::kChinese;
}

void add_alias(Contact &contact, std::string alias) {
  constexpr std::size_t kMostAliases = 100; // each is compared with all others, here and whenever a name is said
  if (!alias.empty() && alias != contact.name && contact.aliases.size() < kMostAliases &&
      std::find(contact.aliases.begin(), contact.aliases.end(), alias) == contact.aliases.end()) {
    contact.aliases.push_back(std::move(alias));
  }
}

// How a colleague with a title is addressed: 李 + 经理, "Manager Lee"; a 销售部经理 is called 李经理 as well, and a
// 总经理 is 李总.
void add_titled_names(Contact &contact, const std::string &family, const std::string &title) {
  if (family.empty() || title.empty()) {
    return;
  }
  if (!is_han_start(family)) {
    add_alias(contact, title + " " + family);
    add_alias(contact, title.substr(title.rfind(' ') + 1) + " " + family); // "Sales Manager" → "Manager Lee"
    return;
  }
  add_alias(contact, family + title);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kShort{{{"总经理", "总"},
                                                                                         {"董事长", "董"},
                                                                                         {"总监", "总"},
                                                                                         {"工程师", "工"},
                                                                                         {"经理", "经理"},
                                                                                         {"老师", "老师"},
                                                                                         {"教授", "教授"},
                                                                                         {"医生", "医生"},
                                                                                         {"主任", "主任"},
                                                                                         {"处长", "处"},
                                                                                         {"律师", "律师"}}};
  const auto found =
      std::find_if(kShort.begin(), kShort.end(), [&](const auto &pair) { return title.ends_with(pair.first); });
  if (found != kShort.end()) {
    add_alias(contact, family + std::string(found->second));
  }
}

// "KEY;PARAMETERS:value"; a colon inside a quoted parameter does not end the head.
struct Property {
  std::string key;
  std::string head; // upper case, with parameters
  std::string value;
};

std::optional<Property> property_of(const std::string &line) {
  bool quoted = false;
  std::size_t colon = 0;
  for (; colon < line.size() && (quoted || line[colon] != ':'); ++colon) {
    quoted = quoted != (line[colon] == '"');
  }
  if (colon >= line.size()) {
    return std::nullopt;
  }
  Property property;
  property.head = upper(line.substr(0, colon));
  property.key = property.head.substr(0, property.head.find(';'));
  property.key = property.key.substr(property.key.find('.') + 1); // item1.EMAIL
  property.value = line.substr(colon + 1);
  if (property.head.find("QUOTED-PRINTABLE") != std::string::npos) {
    property.value = from_quoted_printable(property.value);
  }
  return property;
}

// One card while it is read.
class Card {
public:
  void take(const Property &property) {
    const auto &[key, head, value] = property;
    if (key == "FN") {
      contact_.name = unescaped(value);
    } else if (key == "N") {
      const auto parts = parts_of(value, ';');
      family_ = unescaped(parts[0]);
      given_ = parts.size() > 1 ? unescaped(parts[1]) : "";
    } else if (key == "NICKNAME") {
      for (const auto &nickname : parts_of(value, ',')) {
        add_alias(contact_, unescaped(nickname));
      }
    } else if (key == "TITLE" || key == "ROLE") {
      title_ = title_.empty() || key == "TITLE" ? unescaped(value) : title_;
    } else if (key == "EMAIL") {
      prefer(contact_.email, email_preferred_, head, unescaped(value));
    } else if (key == "TEL") {
      const auto number = unescaped(value);
      prefer(contact_.phone, phone_preferred_, head, number.starts_with("tel:") ? number.substr(4) : number);
    }
  }

  // Nothing where the card has no name.
  std::optional<Contact> finished() && {
    if (contact_.name.empty() && !(family_ + given_).empty()) {
      const bool han = is_han_start(family_);
      contact_.name = han ? family_ + given_ : given_ + (given_.empty() || family_.empty() ? "" : " ") + family_;
    }
    add_titled_names(contact_, family_, title_);
    return contact_.name.empty() ? std::nullopt : std::optional(std::move(contact_));
  }

private:
  // The first one, or the one that is marked as preferred (PREF=1, TYPE=pref, ;PREF).
  static void prefer(std::string &kept, bool &kept_preferred, const std::string &head, std::string value) {
    const bool preferred = head.find("PREF") != std::string::npos;
    if (!value.empty() && (kept.empty() || (preferred && !kept_preferred))) {
      kept = std::move(value);
      kept_preferred = preferred;
    }
  }

  Contact contact_;
  std::string family_;
  std::string given_;
  std::string title_;
  bool email_preferred_ = false;
  bool phone_preferred_ = false;
};

} // namespace

Result<std::vector<Contact>> read_contacts(const std::filesystem::path &vcf) {
  constexpr std::uintmax_t kMostBytes = 64ULL << 20U;
  constexpr std::size_t kMostContacts = 100000;
  const auto text = read_file(vcf, kMostBytes);
  if (!text) {
    return text.error();
  }
  std::vector<Contact> contacts;
  std::optional<Card> card;
  bool any = false;
  for (const auto &line : unfolded(*text)) {
    const auto property = property_of(line);
    if (!property) {
      continue;
    }
    if (property->key == "BEGIN" && upper(property->value).starts_with("VCARD")) {
      card.emplace();
      any = true;
    } else if (property->key == "END" && card) {
      if (auto contact = std::move(*card).finished(); contact && contacts.size() < kMostContacts) {
        contacts.push_back(std::move(*contact));
      }
      card.reset();
    } else if (card) {
      card->take(*property);
    }
  }
  if (!any) {
    return Error{vcf.string() + " is not a vCard file", "Export your contacts as .vcf"};
  }
  return contacts;
}

} // namespace yanxing::action
