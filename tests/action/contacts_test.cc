#include "action/policy.h"
#include "action/registry.h"

#include "bench.h"
#include "support/source.h"

#include <chrono>
#include <random>

namespace yanxing::action {
namespace {

std::vector<Contact> read(const std::string &content) {
  const TemporaryFolder folder;
  auto contacts = read_contacts(folder.write("c.vcf", content));
  return contacts ? *contacts : std::vector<Contact>{};
}

TEST(Contacts, ShippedOnesAreFoundByNameTitleAndGivenName) {
  const auto contacts = read_contacts(test::source("assets/contacts.vcf"));
  ASSERT_TRUE(contacts) << contacts.error().message();
  const auto only = [&](const std::string &spoken) {
    const auto found = match_contacts(spoken, *contacts);
    return found.size() == 1 ? found[0].email : std::to_string(found.size()) + " people";
  };
  EXPECT_EQ(only("李经理"), "li.jianguo@example.com");
  EXPECT_EQ(only("李建国"), "li.jianguo@example.com");
  EXPECT_EQ(only("建国"), "li.jianguo@example.com");
  EXPECT_EQ(only("李建国经理"), "li.jianguo@example.com");
  EXPECT_EQ(only("陈老师"), "chen.chen@example.com");
  EXPECT_EQ(only("manager lee"), "john.lee@example.com");
  EXPECT_EQ(only("Anna"), "anna.schmidt@example.com");
  EXPECT_EQ(only("晨"), "2 people");
  EXPECT_EQ(only("李建国和王芳"), "0 people");
  EXPECT_EQ(only("奥巴马"), "0 people");
  EXPECT_EQ(only(""), "0 people");
}

TEST(Contacts, ReadsOldAndNewVcards) {
  const auto contacts =
      read("\xEF\xBB\xBF"
           "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=\r\n=E8=8A=B3\r\n"
           "EMAIL;INTERNET:a@example.com\r\nEMAIL;PREF=1;TYPE=\"x:y\":b@example.com\r\nEND:VCARD\r\n"
           "begin:vcard\nfn:Long\n  Name\\, Jr\nitem1.EMAIL:c@exam\n ple.com\nORG:Firm\nend:vcard\n"
           "BEGIN:VCARD\nEMAIL:nameless@example.com\nEND:VCARD\n"
           "BEGIN:VCARD\nFN:王大明\nN:王;大明\nTITLE:销售部总经理\nEND:VCARD\n");
  ASSERT_EQ(contacts.size(), 3U);
  EXPECT_EQ(contacts[0].name, "王芳");
  EXPECT_EQ(contacts[0].email, "b@example.com");
  EXPECT_EQ(contacts[1].name, "Long Name, Jr");
  EXPECT_EQ(contacts[1].email, "c@example.com");
  EXPECT_NE(std::find(contacts[2].aliases.begin(), contacts[2].aliases.end(), "王总"), contacts[2].aliases.end());
}

TEST(Contacts, HostileContentStaysOneLineOfValidText) {
  const auto contacts = read("BEGIN:VCARD\nFN:A\\\rB\\nBcc: x@y\x01\xFF\nEMAIL:a@b\nEND:VCARD\n");
  ASSERT_EQ(contacts.size(), 1U);
  EXPECT_EQ(contacts[0].name.find_first_of("\r\n\x01"), std::string::npos);
  EXPECT_NO_THROW((void)Json(contacts[0].name).dump());
  EXPECT_TRUE(read("BEGIN:VCALENDAR\nFN:x\nEND:VCALENDAR\n").empty());
  EXPECT_FALSE(read_contacts("/nonexistent.vcf"));
}

TEST(Contacts, AnyBytesEndSoon) {
  std::mt19937 random(7);
  const std::string seed = "BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:=E7=\nFN:\"a;b\\,\nNICKNAME:x,\\\nTITLE:t\nEMAIL;"
                           "a=\":\":b\nEND:VCARD\n";
  const TemporaryFolder folder; // one file, written again and again: the disk is not what is tested
  for (int round = 0; round < 300; ++round) {
    auto text = seed;
    for (int change = 0; change < 8; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    (void)read_contacts(folder.write("c.vcf", text.substr(0, random() % text.size())));
  }
  // Soft line breaks without end must not cost quadratic time.
  std::string soft = "BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:";
  for (int i = 0; i < 300000; ++i) {
    soft += "=\n";
  }
  const auto started = std::chrono::steady_clock::now();
  (void)read(soft + "\nEND:VCARD\n");
  // Nor may nicknames without end: each is compared with all others.
  std::string nicknames = "BEGIN:VCARD\nFN:x\nNICKNAME:";
  for (int i = 0; i < 100000; ++i) {
    nicknames += std::to_string(i) + ",";
  }
  (void)read(nicknames + "\nEND:VCARD\n");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
}

} // namespace
} // namespace yanxing::action
