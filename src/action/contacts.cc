// vCard (RFC 6350, and the older 2.1 and 3.0 as address books still write them), as far as names, mail and telephone.
#include "action/registry.h"
#include "base/files.h"

#include <algorithm>

namespace yanxing::action {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Lines with their foldings undone: a continuation begins with a space or tab; in 2.1 quoted-printable ends with '='.
std::vector<std::string> unfolded(const std::string &text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end;
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    const bool soft_break = !lines.empty() && lines.back().ends_with("=") && upper(lines.back()).find("QUOTED-PRINTABLE") != std::string::npos;
    if (soft_break) {
      lines.back().pop_back();
      lines.back() += line;
    } else if (!lines.empty() && (line.starts_with(" ") || line.starts_with("\t"))) {
      lines.back() += line.substr(1);
    } else {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

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
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out += text[i] == 'n' || text[i] == 'N' ? ' ' : text[i];
    } else if (static_cast<unsigned char>(text[i]) >= 0x20) {
      out += text[i]; // control characters have no place in names or addresses
    }
  }
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

bool is_han_start(const std::string &text) { return !text.empty() && language_of(text.substr(0, 3)) == Language::kChinese; }

// 李 + 经理: how a colleague with a title is addressed.
void add_titled_name(Contact &contact, const std::string &family, const std::string &title) {
  if (family.empty() || title.empty()) {
    return;
  }
  auto called = is_han_start(family) ? family + title : title + " " + family;
  if (std::find(contact.aliases.begin(), contact.aliases.end(), called) == contact.aliases.end()) {
    contact.aliases.push_back(std::move(called));
  }
}

} // namespace

Result<std::vector<Contact>> read_contacts(const std::filesystem::path &vcf) {
  constexpr std::uintmax_t kMostBytes = 64ULL << 20U;
  constexpr std::size_t kMostContacts = 100000;
  const auto text = read_file(vcf, kMostBytes);
  if (!text) {
    return text.error();
  }
  std::vector<Contact> contacts;
  Contact contact;
  std::string family;
  std::string given;
  std::string title;
  bool inside = false;
  bool any = false;
  for (const auto &line : unfolded(*text)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) {
      continue;
    }
    const auto head = upper(line.substr(0, colon));
    auto key = head.substr(0, head.find(';'));
    if (const auto group = key.find('.'); group != std::string::npos) {
      key = key.substr(group + 1); // item1.EMAIL
    }
    auto value = line.substr(colon + 1);
    if (head.find("QUOTED-PRINTABLE") != std::string::npos) {
      value = from_quoted_printable(value);
    }
    if (key == "BEGIN") {
      inside = any = true;
      contact = {};
      family = given = title = "";
    } else if (key == "END" && inside) {
      inside = false;
      if (contact.name.empty() && !(family + given).empty()) {
        contact.name = is_han_start(family) ? family + given : given + (given.empty() || family.empty() ? "" : " ") + family;
      }
      add_titled_name(contact, family, title);
      if (!contact.name.empty() && contacts.size() < kMostContacts) {
        contacts.push_back(contact);
      }
    } else if (key == "FN") {
      contact.name = unescaped(value);
    } else if (key == "N") {
      const auto parts = parts_of(value, ';');
      family = unescaped(parts[0]);
      given = parts.size() > 1 ? unescaped(parts[1]) : "";
    } else if (key == "NICKNAME") {
      for (const auto &nickname : parts_of(value, ',')) {
        if (auto clean = unescaped(nickname); !clean.empty()) {
          contact.aliases.push_back(std::move(clean));
        }
      }
    } else if (key == "TITLE" || key == "ROLE") {
      title = unescaped(value);
    } else if (key == "EMAIL" && contact.email.empty()) {
      contact.email = unescaped(value);
    } else if (key == "TEL" && contact.phone.empty()) {
      contact.phone = unescaped(value.starts_with("tel:") ? value.substr(4) : value);
    }
  }
  if (!any) {
    return Error{vcf.string() + " is not a vCard file", "Export your contacts as .vcf"};
  }
  return contacts;
}

} // namespace yanxing::action
