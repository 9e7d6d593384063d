// Address books and action files that somebody else wrote.
#include "action/registry.h"
#include "text/utf8.h"

#include "support/fuzz.h"
#include "support/source.h"

namespace yanxing::action {
namespace {

bool is_valid_line(const std::string &text) {
  return text == text::to_utf8(text::to_code_points(text)) && text.find_first_of("\r\n") == std::string::npos;
}

void read_card_file(const std::filesystem::path &file) {
  const auto contacts = read_contacts(file);
  if (!fuzz::told(contacts)) {
    return;
  }
  for (const auto &contact : *contacts) {
    EXPECT_FALSE(contact.name.empty());
    EXPECT_TRUE(is_valid_line(contact.name) && is_valid_line(contact.email) && is_valid_line(contact.phone));
  }
}

TEST(DamagedContacts, ShippedOnes) {
  const fuzz::Scratch scratch;
  fuzz::survives(fuzz::bytes_of(test::source("assets/contacts.vcf")), fuzz::Form::kText,
                 [&](const std::string &text) { read_card_file(scratch.write("c.vcf", text)); });
}

TEST(DamagedContacts, OldForms) {
  const fuzz::Scratch scratch;
  const std::string whole =
      "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=\r\n=E8=8A=B3\r\n"
      "EMAIL;PREF=1;TYPE=\"x:y\":b@example.com\r\nTEL:tel:138\r\nEND:VCARD\r\n"
      "begin:vcard\nfn:Long\n  Name\\, Jr\nitem1.EMAIL:c@exam\n "
      "ple.com\nNICKNAME:a,b\\,c\nTITLE:销售部总经理\nend:vcard\n";
  fuzz::survives(whole, fuzz::Form::kText,
                 [&](const std::string &text) { read_card_file(scratch.write("c.vcf", text)); });
}

void check(const Result<Registry> &registry) {
  if (!fuzz::told(registry)) {
    return;
  }
  for (const auto &spec : registry->actions()) {
    EXPECT_FALSE(spec.name.empty());
    EXPECT_EQ(registry->find(spec.name), &spec) << "names differ";
  }
}

TEST(DamagedActions, BundledFiles) {
  const fuzz::Scratch scratch;
  for (const auto *name : {"share.json", "set_volume.json", "undo.json"}) {
    fuzz::survives(fuzz::bytes_of(test::source("actions") / name), fuzz::Form::kText,
                   [&](const std::string &text) { check(Registry::load(scratch.write("action.json", text))); });
  }
}

TEST(DamagedActions, Tools) {
  const std::string whole = R"([
    {"type":"function","risk":"confirm","function":{"name":"a","description":"打开灯","parameters":{"type":"dict",
     "properties":{"x":{"type":["float","null"],"minimum":1,"maximum":1e3},"y":{"enum":["p",2]},"z":{"x-kind":"time"}},
     "required":["x"]}}},
    {"name":"b","description":{"zh":"甲","en":"A"},"say":"{x}","parameters":{"properties":{"x":{"type":"string"}}},
     "run":{"http":{"url":"https://h/{x}","method":"PUT","headers":{"A":"b"},"body":["{x}"]}},"undo":{"command":["c","{x}"]}},
    {"name":"c","run":{"mqtt":{"topic":"t","retain":true}}}])";
  fuzz::survives(whole, fuzz::Form::kText, [](const std::string &text) {
    const auto json = parse_json(text, "tools");
    if (json) {
      check(Registry::from_json(*json, "tools"));
    }
  });
}

} // namespace
} // namespace yanxing::action
